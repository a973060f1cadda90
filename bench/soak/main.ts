/**
 * A node at work for an hour, with something of it killed each minute: `npm run soak -- --minutes 60 --load 0.7 --kill-every 60s`.
 * What clients were told must be so in the end, nothing is lost or done twice, and what the node holds must not grow.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseDuration } from "../../src/task/duration.ts";
import { runClients } from "../overload/clients.ts";
import { RawClient } from "../raw-client.ts";
import { countsOf } from "../reach/queue-counts.ts";
import { format } from "../figures.ts";
import { growthOf, look, type Growth, type Sample } from "./samples.ts";
import { VerifiedClients } from "./verified-clients.ts";
import { Victim } from "./victim.ts";

const USAGE = `npm run soak -- [--minutes 60] [--load 0.7] [--kill-every 60s] [--seed 1] [--out FOLDER]
--load is the share of the capacity that is measured first, --out is where all figures go as JSON.
Ends with 0 when nothing was lost, nothing done twice, every kill struck, and nothing grew.`;
const CAPACITY_S = 5;
const SETTLED_WITHIN_MS = 120_000;
const KINDS = ["node", "pool", "thread"] as const;

type Kill = {
  readonly second: number;
  readonly kind: (typeof KINDS)[number];
  readonly struck: boolean;
  readonly told: string;
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    load: { type: "string", default: "0.7" },
    "kill-every": { type: "string", default: "60s" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: fileURLToPath(new URL("../results", import.meta.url)) },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [minutes, load, seed] = [Number(values.minutes), Number(values.load), Number(values.seed)];
const killEveryMs = parseDuration(values["kill-every"], "--kill-every");
if (values.help || !(minutes > 0 && load > 0 && Number.isInteger(seed))) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else process.exitCode = (await soak()) ? 0 : 1;

async function soak(): Promise<boolean> {
  await using victim = await Victim.open();
  const capacity = await capacityOf(victim.port);
  const before = await settled(victim.port);
  const perSecond = capacity * load;
  console.log(
    `Capacity ${format(capacity)} a second; ${format(perSecond)} asked a second for ${minutes} minutes.`,
  );
  const clients = new VerifiedClients(victim.port, perSecond);
  const samples: Sample[] = [];
  const begunAt = performance.now();
  const second = (): number => Math.round((performance.now() - begunAt) / 1000);
  const sampler = setInterval(() => {
    if (victim.pid !== null) samples.push({ second: second(), ...look(victim.pid, victim.temporary) });
  }, 1000);
  const kills: Kill[] = [];
  const random = randomOf(seed);
  const until = begunAt + minutes * 60_000;
  for (let at = begunAt + killEveryMs; at < until; at += killEveryMs) {
    await delay(Math.max(0, at - performance.now()));
    const kind = KINDS[Math.floor(random() * KINDS.length)]!;
    const kill = { second: second(), kind, ...(await strike(kind, victim, clients)) };
    kills.push(kill);
    console.log(`${kill.second} s: ${kind} killed: ${kill.told}`);
  }
  await delay(Math.max(0, until - performance.now()));
  clearInterval(sampler);
  await clients.end();
  const after = await settled(victim.port);
  const result = {
    at: new Date().toISOString(),
    minutes,
    load,
    seed,
    capacity,
    asked: clients.asked,
    accepted: clients.accepted,
    wrong: clients.wrong.slice(0, 20),
    lost: Math.max(0, clients.accepted - (after.done - before.done)),
    twice: Math.max(0, after.done - before.done - clients.accepted),
    unfinished: after.left,
    lostConnections: clients.lostConnections,
    kills,
    growth: growthOf(samples),
    samples,
  };
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `soak-${result.at.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return tell(result, file);
}

function tell(
  result: {
    asked: number;
    accepted: number;
    wrong: string[];
    lost: number;
    twice: number;
    unfinished: number;
    kills: Kill[];
    growth: Growth[];
  },
  file: string,
): boolean {
  const missed = result.kills.filter(({ struck }) => !struck).length;
  const rows: [string, number, number][] = [
    ["asked and not accepted", result.asked - result.accepted, 0],
    ["wrong answers, failed calls", result.wrong.length, 0],
    ["accepted and not done", result.lost, 0],
    ["done and not asked for, or twice", result.twice, 0],
    ["not finished in the end", result.unfinished, 0],
    ["kills that did not strike", missed, 0],
    ...result.growth.map(({ what, last, bound }): [string, number, number] => [
      `${what} in the last third`,
      last,
      bound,
    ]),
  ];
  console.log(`\n${result.accepted} accepted, ${result.kills.length} kills\n`);
  for (const [says, value, most] of rows) {
    const verdict = value <= most ? "ok" : "NOT OK";
    console.log(
      `${says.padEnd(36)} ${format(value).padStart(10)}   at most ${format(most).padStart(8)}   ${verdict}`,
    );
  }
  for (const one of result.wrong) console.log(one);
  console.log(`\nAll figures: ${file}`);
  return rows.every(([, value, most]) => value <= most);
}

async function strike(
  kind: Kill["kind"],
  victim: Victim,
  clients: VerifiedClients,
): Promise<Pick<Kill, "struck" | "told">> {
  if (kind === "node")
    return { struck: true, told: `ready again after ${format(await victim.killNode())} ms` };
  if (kind === "pool") {
    const struck = victim.killPool();
    return { struck, told: struck ? "its process" : "there was none" };
  }
  const ended = await clients.poison();
  return { struck: ended === "crashed" || ended === "lost", told: `the task ended as ${ended}` };
}

async function capacityOf(port: number): Promise<number> {
  const request = '"action":"work","payload":"capacity"';
  const plan = {
    port,
    connections: 4,
    perSecond: 1e5,
    request,
    onBusy: "obey",
    unansweredEach: 100,
  } as const;
  const { letInBySecond } = await runClients({ ...plan, seconds: CAPACITY_S });
  const middle = letInBySecond.slice(1, CAPACITY_S);
  return middle.reduce((sum, one) => sum + one, 0) / middle.length;
}

/** When nothing is left to do, or it takes too long. */
async function settled(port: number): Promise<{ left: number; done: number }> {
  const client = await RawClient.open(port);
  try {
    const until = performance.now() + SETTLED_WITHIN_MS;
    for (;;) {
      const counts = await countsOf(client);
      if (counts.left === 0 || performance.now() > until) return counts;
      await delay(200);
    }
  } finally {
    client.close();
  }
}

/** The same seed kills the same in the same order. */
function randomOf(from: number): () => number {
  let state = (from * 2_654_435_761 + 1) % 2_147_483_647;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
