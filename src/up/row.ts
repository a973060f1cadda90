/** What is told of a process: to a person as a row, to a program as JSON. */
import { formatAddress } from "../gateway/listen.ts";
import type { Role } from "./process-plan.ts";
import type { State, Supervised } from "./supervised.ts";
import { shareOf, type Tally } from "./tally.ts";

export type Row = {
  readonly name: string;
  readonly role: Role;
  readonly pid: number | null;
  /** Null: nobody else needs to know. */
  readonly address: string | null;
  readonly port: number | null;
  readonly state: State;
  readonly restarts: number;
  /** Null: it has nothing to do with tasks. */
  readonly tasks: TaskCounts | null;
};

export type TaskCounts = {
  readonly inFlight: number;
  /** Null: it lets tasks in, and others run them. */
  readonly ran: Ran | null;
};

export type Ran = {
  readonly done: number;
  readonly failed: number;
  readonly perSecond: number;
  /** Percent of what all have done. */
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
    address: plan.port === null ? null : formatAddress({ host: plan.host, port: plan.port }),
    port: plan.port,
    state,
    restarts,
    tasks: tally.isKnown
      ? { inFlight: tally.inFlight, ran: RUNS_TASKS.has(plan.role) ? ranOf(tally, all) : null }
      : null,
  }));
}

function ranOf({ done, failed, perSecond }: Tally, all: number): Ran {
  return { done, failed, perSecond, share: shareOf(done, all) };
}

/** Over those that run tasks. */
export function totalOf(rows: readonly Row[]): Omit<Ran, "share"> {
  const sum = { done: 0, failed: 0, perSecond: 0 };
  for (const { tasks } of rows) {
    sum.done += tasks?.ran?.done ?? 0;
    sum.failed += tasks?.ran?.failed ?? 0;
    sum.perSecond += tasks?.ran?.perSecond ?? 0;
  }
  return sum;
}

/** How tasks spread over those that run them; "" before there are any. */
export function spreadText(rows: readonly Row[]): string {
  const shares = rows.map(({ name, tasks }) => ({ name, share: tasks?.ran?.share ?? null }));
  return shares
    .filter(({ share }) => share !== null)
    .map(({ name, share }) => `${name} ${share} %`)
    .join(", ");
}
