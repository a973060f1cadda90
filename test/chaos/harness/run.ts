/** One run: the drawing comes up, customers send, faults strike one after another; then all is healed, and everything is checked. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Audit } from "./audit.ts";
import { Crowd, SDK_CUSTOMERS } from "./crowd.ts";
import { Dice } from "./dice.ts";
import type { Fault, Scene } from "./fault.ts";
import { checkHealed } from "./healed-check.ts";
import { History, nowMs } from "./history.ts";
import { compareHoldings, countHoldings } from "./holdings.ts";
import { Nemesis } from "./nemesis.ts";
import { Orders } from "./orders.ts";
import { checkOrder, meetLanes } from "./order-check.ts";
import { Pulse } from "./pulse.ts";
import { checkRows, type RowsTold } from "./rows-check.ts";
import { checkRuns, type RunsTold } from "./runs-check.ts";
import type { Settings } from "./settings.ts";
import { summarize, type Figures, type Summary } from "./summary.ts";
import { startTopology } from "./topology.ts";
import { Verdicts } from "./verdicts.ts";
import { Watcher } from "./watcher.ts";
import { Witness } from "./witness.ts";

/** Until customers are served as fast as they ask. */
const WARM_WITHIN_MS = 60_000;
const WARM_SHARE = 0.8;
const SETTLES_WITHIN_MS = 120_000;
const TELLS_MS = 5000;
/** A lease and more for what was left behind last. */
const REST_MS = 1000;

/** @param parts what is to be ended, also when the run does not come to its end. */
export async function run(
  settings: Settings,
  faults: readonly Fault[],
  parts: AsyncDisposableStack,
): Promise<Summary> {
  const { seed, folder, minutes, tasks, rate } = settings;
  const begunAt = performance.now();
  await using history = new History(folder, seed);
  history.add({ who: "run", op: "begin", settings });
  console.log(`Seed ${seed}. The history goes to ${history.path}.`);
  const topology = await startTopology(settings, parts);
  console.log(`Everything is up after ${Math.round((performance.now() - begunAt) / 1000)} s.`);
  const verdicts = new Verdicts(history);
  await using audit = new Audit(topology.postgres.url);
  await audit.install();
  using witness = new Witness(topology.witnessFolder);
  const orders = new Orders(seed, settings.leaseMs, SDK_CUSTOMERS);
  const pulse = new Pulse();
  const port = topology.door.port;
  await using crowd = new Crowd({ port, rate, orders, dice: new Dice(seed + 1), history, pulse, verdicts });
  const scene: Scene = { topology, crowd, orders, witness, audit, verdicts, dice: new Dice(seed) };
  const boxes = [...topology.gateways, ...topology.workers];
  const watcher = new Watcher({ boxes, audit, crowd, witness, verdicts });
  const nemesis = new Nemesis(scene, history, pulse);
  const tell = (): void => {
    const seconds = Math.round((performance.now() - begunAt) / 1000);
    const { perSecond, slowMs } = pulse.over(TELLS_MS, nowMs());
    console.log(
      `${String(seconds).padStart(5)} s  ${orders.count} sent, ${Math.round(perSecond)}/s, 90 % within ${Math.round(slowMs)} ms, ${crowd.openCount} open, ${nemesis.struck.length} faults; ${nemesis.doing}`,
    );
  };
  const progress = setInterval(tell, TELLS_MS);
  const figures = (rows: RowsTold | null, runs: RunsTold | null): Figures => ({
    seconds: Math.round((performance.now() - begunAt) / 1000),
    tasks: orders.count,
    accepted: orders.countOf("accepted", "answered", "ended"),
    refused: orders.countOf("refused"),
    sentAgain: crowd.sentAgain,
    errors: crowd.errors,
    lost: rows?.lost ?? 0,
    recordedTwice: rows?.recordedTwice ?? 0,
    wrongClient: verdicts.brokenOf("I5").count,
    failed: rows?.failed ?? 0,
    executions: witness.executions,
    againPerMillion: Math.round(((runs?.again ?? 0) * 1e6) / orders.count),
    overlapping: runs?.overlapping ?? 0,
    peakMb: { gateway: Math.round(watcher.peakMb.gateway), worker: Math.round(watcher.peakMb.worker) },
  });
  const wholeRun = async (): Promise<Figures> => {
    crowd.start();
    watcher.start();
    const warmBy = nowMs() + WARM_WITHIN_MS;
    while (pulse.over(TELLS_MS, nowMs()).perSecond < rate * WARM_SHARE && nowMs() < warmBy) await delay(100);
    await meetLanes(scene);
    const holdings = await countHoldings(topology, audit);
    const isOver = (): boolean => performance.now() - begunAt > minutes * 60_000 && orders.count >= tasks;
    await nemesis.run(faults, isOver);
    nemesis.doing = "all is healed";
    await delay(REST_MS);
    crowd.stop();
    if (!(await crowd.settled(SETTLES_WITHIN_MS)))
      verdicts.break("I8", `${crowd.openCount} orders were never answered: ${crowd.someOpen(10).join(", ")}`);
    await checkHealed(scene);
    await checkOrder(scene);
    compareHoldings(holdings, await countHoldings(topology, audit), verdicts);
    witness.read();
    await watcher.end();
    const rows = await checkRows(audit, orders, witness, verdicts, SDK_CUSTOMERS);
    return figures(rows, await checkRuns(witness, audit, rows.ids, verdicts));
  };
  try {
    // A planted mistake is found when it first shows.
    const isFound =
      settings.bug === null
        ? []
        : [verdicts.first.then(() => nemesis.striking).then(() => figures(null, null))];
    const summary = summarize(
      settings,
      await Promise.race([wholeRun(), ...isFound]),
      nemesis.struck,
      verdicts,
    );
    for (const text of crowd.lastErrors) console.log(`  error: ${text}`);
    writeFileSync(join(folder, `${seed}.summary.json`), `${JSON.stringify(summary, null, 2)}\n`);
    history.add({ who: "run", op: "end", summary });
    return summary;
  } finally {
    clearInterval(progress);
  }
}
