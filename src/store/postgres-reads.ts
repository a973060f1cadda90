/** All reads but lists. The conditions on `state` repeat those of the partial indexes: that lets PostgreSQL use them. */
import type { ActionInfo, Task } from "../task/task.ts";
import { isId, LOWEST_ID } from "./postgres-id.ts";
import type { Connection, PostgresPool } from "../postgres/pool.ts";
import { ALL, fullTasksOf, getTasks, getTasksByKey } from "./postgres-rows.ts";
import type { QueueState } from "./store.ts";

const SELECT = `select ${ALL} from tasks`;

export class PostgresReads {
  readonly #pool: PostgresPool;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  async get(ids: readonly string[]): Promise<(Task | null)[]> {
    const known = [...new Set(ids.filter(isId))];
    const tasks = known.length === 0 ? [] : await this.#use((c) => getTasks(c, known));
    const byId = new Map(tasks.map((task) => [task.id, task]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async getByKey(keys: readonly string[]): Promise<(Task | null)[]> {
    const tasks = await this.#use((c) => getTasksByKey(c, keys));
    const byKey = new Map(tasks.map((task) => [task.key, task]));
    return keys.map((key) => byKey.get(key) ?? null);
  }

  backlog(queue: string, priority: number, after: string | null, limit: number): Promise<Task[]> {
    const sql = `${SELECT} where state = 1 and queue = $1 and priority = $2 and id > $3 order by id limit $4`;
    const from = after !== null && isId(after) ? after : LOWEST_ID;
    return this.#tasks("backlog", sql, [queue, priority, from, limit]);
  }

  due(until: number, limit: number): Promise<Task[]> {
    const sql = `${SELECT} where state in (0, 3) and due_at <= $1 order by due_at limit $2`;
    return this.#tasks("due", sql, [until, limit]);
  }

  async nextDueAt(): Promise<number | null> {
    const sql =
      "select due_at from tasks where state in (0, 3) and due_at is not null order by due_at limit 1";
    const { rows } = await this.#use((c) => c.query<{ due_at: number }>(sql));
    return rows[0]?.due_at ?? null;
  }

  overdue(until: number, limit: number): Promise<Task[]> {
    const sql = `${SELECT} where expires_at is not null and state in (0, 1, 3) and expires_at <= $1 order by expires_at limit $2`;
    return this.#tasks("overdue", sql, [until, limit]);
  }

  running(limit: number): Promise<Task[]> {
    const sql = `${SELECT} where state <> 4 and state = 2 order by id limit $1`;
    return this.#tasks("running", sql, [limit]);
  }

  async catalogue(): Promise<ActionInfo[]> {
    const sql = "select info from actions order by name";
    const { rows } = await this.#use((c) => c.query<{ info: string }>(sql));
    return rows.map(({ info }) => JSON.parse(info) as ActionInfo);
  }

  async queueStates(): Promise<QueueState[]> {
    const sql = "select queue, mode from queues order by queue";
    return (await this.#use((c) => c.query<QueueState>(sql))).rows;
  }

  async referredBlobs(ids: readonly string[]): Promise<string[]> {
    const sql = "select distinct blob from blob_refs where blob = any($1::text[])";
    const { rows } = await this.#use((c) => c.query<{ blob: string }>(sql, [ids]));
    const found = new Set(rows.map(({ blob }) => blob));
    return ids.filter((id) => found.has(id));
  }

  /** Of all tables and indexes of the schema. */
  async size(schema: string): Promise<number> {
    const sql = `select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint as bytes from pg_class
      where relnamespace = $1::regnamespace and relkind = 'r'`;
    const { rows } = await this.#use((c) => c.query<{ bytes: number }>(sql, [schema]));
    return rows[0]!.bytes;
  }

  #tasks(name: string, sql: string, values: readonly unknown[]): Promise<Task[]> {
    return this.#use((c) => fullTasksOf(c, name, sql, values));
  }

  #use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#pool.useAgain(work);
  }
}
