/**
 * The path that most tasks take: run first, written once, as done. Several rows go into one statement, which costs a third
 * less than one statement each. What a ride's row looks like is `decide`'s rule in SQL; a test holds the two together.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { TaskEvent } from "../task/decide.ts";
import { mentionsBlob } from "./sqlite-blob-refs.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { isTaken } from "./sqlite-errors.ts";
import { ID_BYTES, writeId } from "./sqlite-id.ts";
import { policyText } from "./sqlite-row.ts";

/** More rows a statement gain nothing; fewer leave less for the slow way when one of them is not new. */
export const RIDES_A_STATEMENT = 8;
const VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, 4, 1, ?, ?, ?, ?)";
const VALUES_A_ROW = 12;

type Finish = Extract<TaskEvent, { type: "finish" }>;
type Done = Extract<Finish["outcome"], { type: "done" }>;
export type Ride = Finish & { spec: NonNullable<Finish["spec"]>; outcome: Done };

/** The first attempt of a task that nobody was promised, done, with nothing out of the ordinary about it. */
export function isRide(event: TaskEvent): event is Ride {
  if (event.type !== "finish" || event.attempt !== 1 || event.outcome.type !== "done") return false;
  const { spec, outcome } = event;
  return (
    spec !== undefined &&
    spec.id === event.id &&
    spec.key === null &&
    spec.dueAt === null &&
    spec.payloadBlob === null &&
    outcome.resultBlob === null &&
    !event.log?.length &&
    (event.progress ?? null) === null &&
    !mentionsBlob(spec.payload) &&
    !mentionsBlob(outcome.result)
  );
}

export class SqliteRides {
  readonly #counts: SqliteCounts;
  readonly #insert: StatementSync;
  readonly #ids = Array.from({ length: RIDES_A_STATEMENT }, () => new Uint8Array(ID_BYTES));
  readonly #values: SQLInputValue[] = Array.from({ length: RIDES_A_STATEMENT * VALUES_A_ROW }, () => null);

  constructor(db: DatabaseSync, counts: SqliteCounts) {
    this.#counts = counts;
    const rows = Array.from({ length: RIDES_A_STATEMENT }, () => VALUES).join(", ");
    this.#insert = db.prepare(
      `insert into tasks (id, action, queue, priority, payload, policy, expires_at, created_at, state, attempt,
         result, started_at, finished_at, purge_at) values ${rows}`,
    );
  }

  /** @returns false, having written nothing, when one of the ids is taken. @param rides exactly {@link RIDES_A_STATEMENT}. */
  insert(rides: readonly Ride[]): boolean {
    const values = this.#values;
    let at = 0;
    for (let i = 0; i < rides.length; i++) {
      const { spec, outcome, startedAt, at: finishedAt } = rides[i]!;
      values[at++] = writeId(spec.id, this.#ids[i]!);
      values[at++] = spec.action;
      values[at++] = spec.queue;
      values[at++] = spec.priority;
      values[at++] = spec.payload;
      values[at++] = policyText(spec.policy);
      values[at++] = spec.expiresAt;
      values[at++] = spec.createdAt;
      values[at++] = outcome.result;
      values[at++] = startedAt;
      values[at++] = finishedAt;
      values[at++] = spec.policy.retentionMs === null ? null : finishedAt + spec.policy.retentionMs;
    }
    try {
      this.#insert.run(...values);
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
    for (const { spec } of rides) this.#counts.add(spec.queue, spec.action, "done", 1);
    return true;
  }
}
