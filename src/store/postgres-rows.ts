/** Reads, locks and writes whole rows of `tasks`, many at once, with what goes with them: keys and blob references. */
import type { Task } from "../task/task.ts";
import { blobsOf } from "./blob-refs.ts";
import { Raced } from "../postgres/errors.ts";
import { few, UNSEEN_AFTER } from "./postgres-plain.ts";
import type { Connection } from "../postgres/pool.ts";
import { COLUMNS, purgeAt, toRow, toTask, type Row } from "./task-row.ts";

export const ALL = COLUMNS.join(", ");

const TYPES: Readonly<Record<string, string>> = {
  id: "uuid",
  priority: "smallint",
  due_at: "bigint",
  expires_at: "bigint",
  created_at: "bigint",
  state: "smallint",
  attempt: "integer",
  failures: "integer",
  losses: "integer",
  started_at: "bigint",
  finished_at: "bigint",
  purge_at: "bigint",
};
const WRITTEN = [...COLUMNS, "purge_at"];
const RECORD = WRITTEN.map((column) => `${column} ${TYPES[column] ?? "text"}`).join(", ");
/** What of a row never changes once it is there. */
const FIXED = new Set([
  "id",
  "action",
  "queue",
  "priority",
  "payload",
  "payload_blob",
  "key",
  "policy",
  "created_at",
]);
const CHANGING = WRITTEN.filter((column) => !FIXED.has(column));
const NEXT_PUBLISH = `case when x.state = 1 then now() + ${UNSEEN_AFTER} end`;

const INSERT = `insert into tasks (${WRITTEN.join(", ")}, next_publish_at)
  select ${WRITTEN.map((column) => `x.${column}`).join(", ")}, ${NEXT_PUBLISH} from json_to_recordset($1::json) as x(${RECORD})
  order by x.id on conflict (id) do nothing returning id`;
const UPDATE = `update tasks t set ${CHANGING.map((column) => `${column} = x.${column}`).join(", ")},
  worker = null, lease_until = null, next_publish_at = ${NEXT_PUBLISH}, publish_count = 0
  from json_to_recordset($1::json) as x(${RECORD}) where ${few("x.attempt")} and t.id = x.id`;
const INSERT_KEYS = `insert into keys select x.key, x.task from json_to_recordset($1::json) as x(key text, task uuid)
  order by x.key collate "C" on conflict (key) do nothing returning key`;
const INSERT_REFS = `insert into blob_refs select x.task, x.blob from json_to_recordset($1::json) as x(task uuid, blob text)
  on conflict do nothing`;

/** Locks the rows there are, in the order of ids: whoever does so waits for others, and never in a circle. */
export async function lockTasks(connection: Connection, ids: readonly string[]): Promise<Task[]> {
  return tasksOf(
    connection,
    "lock",
    `select ${ALL} from tasks where id = any($1::uuid[]) order by id for update`,
    [ids],
  );
}

export async function readTasks(connection: Connection, ids: readonly string[]): Promise<Task[]> {
  return tasksOf(connection, "read", `select ${ALL} from tasks where id = any($1::uuid[])`, [ids]);
}

/** Locks the keys that are taken: until the transaction ends their tasks stay. @returns key → task. */
export async function lockKeys(
  connection: Connection,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await connection.query<[string, string]>({
    name: "lock-keys",
    text: "select key, task from keys where key = any($1::text[]) order by key for update",
    values: [keys],
    rowMode: "array",
  });
  return new Map(rows);
}

/** @throws Raced when another session made one of them at the same time. */
export async function insertTasks(connection: Connection, tasks: readonly Task[]): Promise<void> {
  if (tasks.length === 0) return;
  await insertAll(connection, "insert", INSERT, tasks.map(toRecord));
  const keys = tasks.flatMap(({ key, id }) => (key === null ? [] : [{ key, task: id }]));
  if (keys.length > 0) await insertAll(connection, "insert-keys", INSERT_KEYS, keys);
  await refer(connection, tasks);
}

export async function updateTasks(connection: Connection, tasks: readonly Task[]): Promise<void> {
  if (tasks.length === 0) return;
  await connection.query({ name: "update", text: UPDATE, values: [JSON.stringify(tasks.map(toRecord))] });
  await refer(connection, tasks);
}

export async function deleteTasks(
  connection: Connection,
  tasks: readonly Pick<Task, "id" | "key">[],
): Promise<void> {
  if (tasks.length === 0) return;
  const ids = tasks.map(({ id }) => id);
  await connection.query({
    name: "delete",
    text: "delete from tasks where id = any($1::uuid[])",
    values: [ids],
  });
  await connection.query({
    name: "delete-refs",
    text: "delete from blob_refs where task = any($1::uuid[])",
    values: [ids],
  });
  const keys = tasks.flatMap(({ key }) => (key === null ? [] : [key]));
  if (keys.length === 0) return;
  await connection.query({
    name: "delete-keys",
    text: "delete from keys where key = any($1::text[]) and task = any($2::uuid[])",
    values: [keys, ids],
  });
}

export async function tasksOf(
  connection: Connection,
  name: string | undefined,
  text: string,
  values: readonly unknown[],
): Promise<Task[]> {
  const { rows } = await connection.query<Row>({
    ...(name === undefined ? {} : { name }),
    text,
    values: [...values],
    rowMode: "array",
  });
  return rows.map(toTask);
}

async function refer(connection: Connection, tasks: readonly Task[]): Promise<void> {
  const refs = tasks.flatMap((task) => blobsOf(task).map((blob) => ({ task: task.id, blob })));
  if (refs.length === 0) return;
  await connection.query({ name: "insert-refs", text: INSERT_REFS, values: [JSON.stringify(refs)] });
}

async function insertAll(
  connection: Connection,
  name: string,
  text: string,
  given: readonly object[],
): Promise<void> {
  const { rowCount } = await connection.query({ name, text, values: [JSON.stringify(given)] });
  if (rowCount !== given.length) throw new Raced();
}

function toRecord(task: Task): Record<string, string | number | null> {
  const row = toRow(task);
  const record = Object.fromEntries(COLUMNS.map((column, i) => [column, row[i]!]));
  const purge = purgeAt(task.state, task.finishedAt, task.policy);
  return { ...record, purge_at: purge };
}
