/** What is told of a process: to a person as a row, to a program as JSON. */
import { formatAddress } from "../gateway/listen.ts";
import type { Role } from "./process-plan.ts";
import type { State, Supervised } from "./supervised.ts";
import { shareOf } from "./tally.ts";

export type Row = {
  readonly name: string;
  readonly role: Role;
  readonly pid: number | null;
  readonly address: string;
  readonly port: number;
  readonly state: State;
  readonly restarts: number;
  /** Null: it has nothing to do with tasks. */
  readonly tasks: TaskCounts | null;
};

export type TaskCounts = {
  readonly done: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly inFlight: number;
  /** Percent of what all of its role have done. */
  readonly share: number | null;
};

/** Those that run tasks, and so share them. */
const RUNS_TASKS: ReadonlySet<Role> = new Set(["node", "worker"]);

export function rowsOf(processes: readonly Supervised[]): Row[] {
  const all = processes
    .filter(({ plan }) => RUNS_TASKS.has(plan.role))
    .reduce((sum, { tally }) => sum + tally.done, 0);
  return processes.map(({ plan, pid, state, restarts, tally }) => ({
    name: plan.name,
    role: plan.role,
    pid,
    address: formatAddress(plan),
    port: plan.port,
    state,
    restarts,
    tasks: tally.isKnown
      ? {
          done: tally.done,
          failed: tally.failed,
          perSecond: tally.perSecond,
          inFlight: tally.inFlight,
          share: RUNS_TASKS.has(plan.role) ? shareOf(tally.done, all) : null,
        }
      : null,
  }));
}

/** Over those that run tasks. */
export function totalOf(rows: readonly Row[]): { done: number; failed: number; perSecond: number } {
  const running = rows.filter(({ role }) => RUNS_TASKS.has(role)).map(({ tasks }) => tasks);
  const sum = (of: (tasks: TaskCounts) => number): number =>
    running.reduce((total, tasks) => total + (tasks === null ? 0 : of(tasks)), 0);
  return { done: sum((it) => it.done), failed: sum((it) => it.failed), perSecond: sum((it) => it.perSecond) };
}

/** How tasks spread over those that run them; "" before there are any. */
export function spreadText(rows: readonly Row[]): string {
  return rows
    .filter(({ tasks }) => tasks !== null && tasks.share !== null)
    .map(({ name, tasks }) => `${name} ${tasks!.share} %`)
    .join(", ");
}
