/**
 * How many tasks there are by queue, action and state, never counted: the changes of a transaction are gathered in
 * memory, written with it once, and join the totals when it is committed.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { STATES, type State } from "../task/state.ts";
import type { Count } from "./store.ts";
import { stateNumber } from "./task-row.ts";

type Tally = Map<string, Map<string, Int32Array>>;

export class SqliteCounts {
  readonly #totals: Tally = new Map();
  #changes: Tally = new Map();
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;

  constructor(db: DatabaseSync) {
    for (const row of db.prepare("select queue, action, state, count from counts").all()) {
      const { queue, action, state, count } = row as {
        queue: string;
        action: string;
        state: number;
        count: number;
      };
      cell(this.#totals, queue, action)[state]! += count;
    }
    this.#upsert = db.prepare(
      `insert into counts values (?, ?, ?, ?) on conflict do update set count = count + excluded.count`,
    );
    this.#remove = db.prepare("delete from counts where queue = ? and action = ? and state = ?");
  }

  add(queue: string, action: string, state: State, by: number): void {
    cell(this.#changes, queue, action)[stateNumber(state)]! += by;
  }

  /** Of rows that are spoilt the counts may say nothing. */
  has(queue: string, action: string, state: State): boolean {
    const number = stateNumber(state);
    const changed = this.#changes.get(queue)?.get(action)?.[number] ?? 0;
    return (this.#totals.get(queue)?.get(action)?.[number] ?? 0) + changed > 0;
  }

  /** Within the transaction, at its end. */
  write(): void {
    forEachCell(this.#changes, (queue, action, state, by) => {
      const total = (this.#totals.get(queue)?.get(action)?.[state] ?? 0) + by;
      if (total === 0) this.#remove.run(queue, action, state);
      else this.#upsert.run(queue, action, state, by);
    });
  }

  committed(): void {
    forEachCell(this.#changes, (queue, action, state, by) => {
      const cells = cell(this.#totals, queue, action);
      cells[state]! += by;
      if (by < 0 && cells.every((count) => count === 0)) forget(this.#totals, queue, action);
    });
    this.#changes = new Map();
  }

  rolledBack(): void {
    this.#changes = new Map();
  }

  all(): Count[] {
    const counts: Count[] = [];
    forEachCell(this.#totals, (queue, action, state, count) =>
      counts.push({ queue, action, state: STATES[state]!, count }),
    );
    return counts;
  }

  total(matches: (state: State) => boolean): number {
    let total = 0;
    forEachCell(this.#totals, (_queue, _action, state, count) => {
      if (matches(STATES[state]!)) total += count;
    });
    return total;
  }
}

function cell(tally: Tally, queue: string, action: string): Int32Array {
  let actions = tally.get(queue);
  if (!actions) tally.set(queue, (actions = new Map()));
  let cells = actions.get(action);
  if (!cells) actions.set(action, (cells = new Int32Array(STATES.length)));
  return cells;
}

/** Names come from outside: those no task has any more must not pile up. */
function forget(tally: Tally, queue: string, action: string): void {
  const actions = tally.get(queue);
  actions?.delete(action);
  if (actions?.size === 0) tally.delete(queue);
}

function forEachCell(
  tally: Tally,
  visit: (queue: string, action: string, state: number, count: number) => void,
): void {
  for (const [queue, actions] of tally) {
    for (const [action, cells] of actions) {
      for (let state = 0; state < cells.length; state++) {
        if (cells[state] !== 0) visit(queue, action, state, cells[state]!);
      }
    }
  }
}
