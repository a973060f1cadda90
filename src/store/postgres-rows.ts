/** Reads, locks and writes whole rows of `tasks`, many at once, with what goes with them: keys and blob references. */
import type { Task } from "../task/task.ts";
import { blobsOf } from "./blob-refs.ts";
import { Raced } from "../postgres/errors.ts";
import { few, UNSEEN_AFTER } from "./postgres-plain.ts";
import type { Connection } from "../postgres/pool.ts";
import { addingSql, BYTES_SQL } from "./postgres-counts.ts";
import { ASIDE } from "./spoilt-row.ts";
import { COLUMNS, purgeAt, readable, toRow, toTask, type Readable, type Row } from "./task-row.ts";

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
  "owner",
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

const READ = `select ${ALL} from tasks where id = any($1::uuid[])`;
const READ_BY_KEY = `select ${ALL} from tasks where id = any(array(select task from keys where key = any($1::text[])))`;
/** They are counted on, as rows of a form that is not known here. */
const SET_ASIDE = `with aside as (
    update tasks set state = state + ${ASIDE} where id = any($1::uuid[]) and state between 0 and 7
    returning queue, action, state, (${BYTES_SQL})::bigint as bytes
  ) ${addingSql(
    `select queue, action, n.state, n.sign * count(*), n.sign * sum(bytes)
     from aside cross join lateral (values (state - ${ASIDE}, -1), (state, 1)) n (state, sign) group by queue, action, n.state, n.sign`,
  )}`;

/** Locks the rows there are, in the order of ids: whoever does so waits for others, and never in a circle. */
export async function lockTasks(connection: Connection, ids: readonly string[]): Promise<Readable> {
  const text = `select ${ALL} from tasks where id = any($1::uuid[]) order by id for update`;
  return readable(await rowsOf(connection, "lock", text, [ids]));
}

export async function readTasks(connection: Connection, ids: readonly string[]): Promise<Readable> {
  return readable(await rowsOf(connection, "read", READ, [ids]));
}

/** @throws SpoiltRow when one of them cannot be read. */
export async function getTasks(connection: Connection, ids: readonly string[]): Promise<Task[]> {
  return (await rowsOf(connection, "read", READ, [ids])).map(toTask);
}

/** @throws SpoiltRow when one of them cannot be read. */
export async function getTasksByKey(connection: Connection, keys: readonly string[]): Promise<Task[]> {
  return (await rowsOf(connection, "by-key", READ_BY_KEY, [keys])).map(toTask);
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

/** Of many: those that cannot be read are passed over, and set aside. */
export async function tasksOf(
  connection: Connection,
  name: string | undefined,
  text: string,
  values: readonly unknown[],
): Promise<Task[]> {
  return withoutSpoilt(connection, await rowsOf(connection, name, text, values));
}

/** A read of rows in states that are known: once more, as often as some were set aside, so that it is as full as it may be. */
export async function fullTasksOf(
  connection: Connection,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<Task[]> {
  for (;;) {
    const rows = await rowsOf(connection, name, text, values);
    const tasks = await withoutSpoilt(connection, rows);
    if (tasks.length === rows.length) return tasks;
  }
}

/** As spoilt-row.ts says. */
export async function withoutSpoilt(connection: Connection, rows: readonly Row[]): Promise<Task[]> {
  const { tasks, spoilt } = readable(rows);
  if (spoilt.length > 0) await connection.query(SET_ASIDE, [spoilt.map(({ id }) => id)]);
  return tasks;
}

async function rowsOf(
  connection: Connection,
  name: string | undefined,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const { rows } = await connection.query<Row>({
    ...(name === undefined ? {} : { name }),
    text,
    values: [...values],
    rowMode: "array",
  });
  return rows;
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
