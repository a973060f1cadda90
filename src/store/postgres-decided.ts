/** The way that any event can go: rows and keys are locked and read, `decide` says what becomes of them, and that is written. */
import { decide, type TaskEvent } from "../task/decide.ts";
import type { Task } from "../task/task.ts";
import { bytesOf, type CountChanges } from "./postgres-counts.ts";
import type { Connection } from "../postgres/pool.ts";
import { deleteTasks, insertTasks, lockKeys, lockTasks, readTasks, updateTasks } from "./postgres-rows.ts";
import type { Applied } from "./store.ts";

/** @returns an answer for each event, decided in their order. */
export async function applyDecided(
  connection: Connection,
  events: readonly TaskEvent[],
  changes: CountChanges,
): Promise<Applied[]> {
  const ids = [...new Set(events.map(({ id }) => id))];
  const locked = await lockTasks(connection, ids);
  const stored = new Map(locked.tasks.map((task) => [task.id, task]));
  const spoilt = new Set(locked.spoilt.map(({ id }) => id));
  const keys = new Set(events.flatMap(({ spec }) => (spec?.key ? [spec.key] : [])));
  const holders = keys.size === 0 ? new Map<string, string>() : await lockKeys(connection, [...keys]);
  // Who holds a key is only read: its key is locked, so it stays.
  const others = [...new Set(holders.values())].filter((id) => !stored.has(id));
  const rows = new Map(stored);
  if (others.length > 0) {
    const read = await readTasks(connection, others);
    for (const task of read.tasks) rows.set(task.id, task);
    for (const { id } of read.spoilt) spoilt.add(id);
  }
  const desk = new Desk(rows, holders, spoilt);
  const answers = events.map((event) => desk.apply(event));
  await write(connection, stored, desk, changes);
  return answers;
}

/** The rows as they become, event by event. */
class Desk {
  readonly rows: Map<string, Task>;
  /** Ids whose stored row was deleted: what is in `rows` since is another task. */
  readonly deleted = new Set<string>();
  readonly changed = new Set<string>();
  readonly #holders: Map<string, string>;
  /** Rows that cannot be read: see spoilt-row.ts. */
  readonly #spoilt: ReadonlySet<string>;

  constructor(rows: Map<string, Task>, holders: Map<string, string>, spoilt: ReadonlySet<string>) {
    this.rows = rows;
    this.#spoilt = spoilt;
    this.#holders = holders;
  }

  apply(event: TaskEvent): Applied {
    const stored = this.rows.get(event.id) ?? null;
    const key = event.spec?.key ?? null;
    const isSpoilt =
      this.#spoilt.has(event.id) || (key !== null && this.#spoilt.has(this.#holders.get(key) ?? ""));
    if (isSpoilt) return { verdict: "conflict", task: null };
    const holder = key === null ? undefined : this.rows.get(this.#holders.get(key) ?? "");
    if (holder !== undefined && holder.id !== event.id) {
      // With both an id and a key, the key decides.
      if (event.type === "submit") return { verdict: decide(holder, event).verdict, task: holder };
      if (stored === null) return { verdict: "conflict", task: holder };
    }
    const { row, verdict } = decide(stored, event);
    if (row === null) {
      if (stored !== null) this.#delete(stored);
    } else if (row !== stored) {
      this.rows.set(row.id, row);
      this.changed.add(row.id);
      if (stored === null && row.key !== null) this.#holders.set(row.key, row.id);
    }
    return { verdict, task: row };
  }

  #delete(task: Task): void {
    this.rows.delete(task.id);
    this.deleted.add(task.id);
    this.changed.delete(task.id);
    if (task.key !== null) this.#holders.delete(task.key);
  }
}

async function write(
  connection: Connection,
  stored: ReadonlyMap<string, Task>,
  desk: Desk,
  changes: CountChanges,
): Promise<void> {
  const deleted = [...desk.deleted].flatMap((id) => stored.get(id) ?? []);
  const inserted: Task[] = [];
  const updated: Task[] = [];
  for (const id of [...desk.changed].sort()) {
    const before = desk.deleted.has(id) ? undefined : stored.get(id);
    const after = desk.rows.get(id)!;
    if (before === undefined) {
      inserted.push(after);
      changes.addTask(after, 1);
    } else {
      updated.push(after);
      changes.add(before.queue, before.action, before.state, -1, 0);
      changes.add(after.queue, after.action, after.state, 1, bytesOf(after) - bytesOf(before));
    }
  }
  for (const task of deleted) changes.addTask(task, -1);
  await deleteTasks(connection, deleted);
  await insertTasks(connection, inserted);
  await updateTasks(connection, updated);
}
