/**
 * The ways that most tasks go: run first and written once, as done; or submitted, then done. New rows go several into one
 * statement, which costs a third less than one statement each; a row that is there is finished without being read whole.
 * What the rows look like is `decide`'s rule in SQL; a test holds the two together.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { STATES } from "../task/state.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Done, Ride, Submit } from "./plain-events.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { isTaken } from "./sqlite-errors.ts";
import { ID_BYTES, writeId } from "./sqlite-id.ts";
import { policyText, stateNumber } from "./task-row.ts";

/** More rows a statement gain little; fewer leave less for the slow way when one of them is not new. */
export const ROWS_A_STATEMENT = 8;

type Found = [state: number, attempt: number, queue: string, action: string, isSame: number];

const QUEUED = stateNumber("queued");
const RUNNING = stateNumber("running");
const SPEC_COLUMNS = "id, action, queue, priority, payload, policy, expires_at, created_at";
const SPEC_MARKS = "?, ?, ?, ?, ?, ?, ?, ?";

export class SqlitePlain {
  readonly #counts: SqliteCounts;
  readonly #rides: StatementSync;
  readonly #submits: StatementSync;
  readonly #find: StatementSync;
  readonly #finish: StatementSync;
  readonly #ids = Array.from({ length: ROWS_A_STATEMENT }, () => new Uint8Array(ID_BYTES));

  constructor(db: DatabaseSync, counts: SqliteCounts) {
    this.#counts = counts;
    const rows = (row: string): string =>
      Array.from({ length: ROWS_A_STATEMENT }, () => `(${row})`).join(", ");
    this.#rides = db.prepare(
      `insert into tasks (${SPEC_COLUMNS}, state, attempt, result, started_at, finished_at, purge_at)
       values ${rows(`${SPEC_MARKS}, 4, 1, ?, ?, ?, ?`)}`,
    );
    this.#submits = db.prepare(
      `insert into tasks (${SPEC_COLUMNS}, state, attempt) values ${rows(`${SPEC_MARKS}, 1, 0`)}`,
    );
    // Found first: `returning` would tell as much, and costs twice what both of these do.
    this.#find = db.prepare(
      `select state, attempt, queue, action, coalesce(created_at = ?5, ?2 is null or (action = ?2 and payload = ?3 and payload_blob is ?4 and owner is ?6))
       from tasks where id = ?1`,
    );
    this.#find.setReturnArrays(true);
    this.#finish = db.prepare(
      `update tasks set state = 4, attempt = ?2, result = ?3, result_blob = null, error = null, due_at = null,
         started_at = ?4, finished_at = ?5,
         purge_at = case when policy is null or not json_valid(policy) then null else ?5 + json_extract(policy, '$.retentionMs') end
       where id = ?1`,
    );
  }

  // Both inserts take exactly ROWS_A_STATEMENT events, and answer false, having written nothing, when an id is taken.

  insertRides(rides: readonly Ride[]): boolean {
    const values: SQLInputValue[] = [];
    for (const { spec, outcome, startedAt, at } of rides) {
      this.#pushSpec(values, spec, values.length / 12);
      const { retentionMs } = spec.policy;
      values.push(outcome.result, startedAt, at, retentionMs === null ? null : at + retentionMs);
    }
    if (!this.#insert(this.#rides, values)) return false;
    for (const { spec } of rides) this.#counts.add(spec.queue, spec.action, "done", 1);
    return true;
  }

  insertSubmits(submits: readonly Submit[]): boolean {
    const values: SQLInputValue[] = [];
    for (const { spec } of submits) this.#pushSpec(values, spec, values.length / 8);
    if (!this.#insert(this.#submits, values)) return false;
    for (const { spec } of submits) this.#counts.add(spec.queue, spec.action, "queued", 1);
    return true;
  }

  /** @returns false, having written nothing, when the row is not there, past this attempt or another request's. */
  finish({ id, attempt, outcome, startedAt, at, spec, createdAt }: Done): boolean {
    const bytes = writeId(id, this.#ids[0]!);
    const { action: asked = null, payload = null, payloadBlob = null, owner = null } = spec ?? {};
    const found = this.#find.get(bytes, asked, payload, payloadBlob, createdAt ?? null, owner) as unknown as
      | Found
      | undefined;
    if (found === undefined) return false;
    const [state, latest, queue, action, isSame] = found;
    const isObeyed = state === QUEUED ? latest === attempt - 1 : state === RUNNING && latest === attempt;
    if (!isObeyed || isSame === 0) return false;
    this.#finish.run(bytes, attempt, outcome.result, startedAt, at);
    this.#counts.add(queue, action, STATES[state]!, -1);
    this.#counts.add(queue, action, "done", 1);
    return true;
  }

  #pushSpec(values: SQLInputValue[], spec: TaskSpec, index: number): void {
    values.push(
      writeId(spec.id, this.#ids[index]!),
      spec.action,
      spec.queue,
      spec.priority,
      spec.payload,
      policyText(spec.policy),
      spec.expiresAt,
      spec.createdAt,
    );
  }

  #insert(statement: StatementSync, values: readonly SQLInputValue[]): boolean {
    try {
      statement.run(...values);
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  }
}
