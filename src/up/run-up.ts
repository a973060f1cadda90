/** `tanda up`: from a topology to running processes and back to none. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { formatAddress } from "../gateway/listen.ts";
import { Ensemble } from "./ensemble.ts";
import { changeText, LiveView, type Output } from "./live-view.ts";
import { cutLog, lastWords } from "./log-file.ts";
import { checkPorts } from "./ports.ts";
import { rowsOf, spreadText, totalOf, type Row } from "./row.ts";
import { PACE, type State, type Supervised } from "./supervised.ts";
import { counted, plansOf } from "./all-plans.ts";
import type { TandaSetup } from "./tanda-plans.ts";
import type { Topology } from "./topology.ts";

export type UpOptions = {
  readonly topology: Topology;
  readonly setup: TandaSetup;
  readonly output: Output;
  /** Resolves with the next signal that asks to stop. */
  readonly nextSignal: () => Promise<void>;
  readonly now: () => number;
};

/** Whoever was here before may need a while to go. */
const PORTS_FREE_WITHIN_MS = 6000;
const REFRESH_MS = 1000;

/** @returns whether it went in order: not when it was ended by force, or could not start. */
export async function runUp({ topology, setup, output, nextSignal, now }: UpOptions): Promise<boolean> {
  mkdirSync(setup.folder, { recursive: true });
  const { plans, title, notes } = await plansOf(topology, setup);
  await checkPorts(plans, PORTS_FREE_WITHIN_MS);

  const ensemble = new Ensemble(plans, { now, pace: PACE, onState: (process) => changed(process) });
  const rows = (): Row[] => rowsOf(ensemble.processes);
  const listen = formatAddress(topology.listen);
  const hint = `Ctrl+C lets running tasks end and stops all. Logs: ${join(nearest(setup.folder), "*.log")}`;
  const view = new LiveView(output, { title, listen, hint, startedAt: now() }, now);
  const say = (event: object, text: string): void => view.say(event, text, rows());
  const hopeless = Promise.withResolvers<"hopeless">();
  const changed = (process: Supervised): void => {
    const row = rows().find(({ name }) => name === process.plan.name)!;
    say(stateEvent(row), changeText(row, now(), output.paint) + lastSaid(process));
    if (process.state.is === "failed") hopeless.resolve("hopeless");
  };
  const timer = setInterval(() => {
    for (const { plan } of ensemble.processes) cutLog(plan.logFile);
    view.refresh(rows());
  }, REFRESH_MS);
  for (const note of notes) say({ event: "note", note }, note);
  ensemble.start();
  void ensemble.allReady().then(() => {
    const command = output.paint("cyan", `npx tanda run upper hola --server ${listen}`);
    say({ event: "ready", listen }, `all is ready: ${command}`);
  });

  const signalled = (): Promise<"signal"> => nextSignal().then(() => "signal");
  const first = await Promise.race([signalled(), hopeless.promise]);
  say({ event: "draining" }, "stopping: what runs may end, nothing new comes in; again ends at once");
  const last = await Promise.race([ensemble.stop().then(() => "stopped" as const), signalled()]);
  if (last === "signal") {
    say({ event: "ending" }, "ended at once; what was accepted is kept and goes on at the next start");
    await ensemble.end();
  }
  clearInterval(timer);
  const { done } = totalOf(rows());
  const spread = spreadText(rows());
  say({ event: "stopped", done }, `stopped; ${counted(done, "task")} done${spread && `: ${spread}`}`);
  view.close();
  return first === "signal" && last === "stopped";
}

/** From here, when it is below. */
function nearest(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path.startsWith("..") ? folder : path;
}

function stateEvent({ name, role, pid, address, state, restarts }: Row): object {
  const { is, ...more } = state as State & { why?: string; at?: number };
  const why = more.why === undefined ? {} : { why: more.why };
  const until = more.at === undefined ? {} : { restartAt: more.at };
  return { event: "state", name, role, pid, address, state: is, restarts, ...why, ...until };
}

/** Of one that ended by itself: its log says why, at the end. */
function lastSaid({ state, plan }: Supervised): string {
  const isOdd = (state.is === "restarting" && !state.why.startsWith("killed")) || state.is === "failed";
  const words = isOdd ? lastWords(plan.logFile) : null;
  return words === null ? "" : ` (${words.slice(0, 200)})`;
}
