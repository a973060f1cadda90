/**
 * What the database itself saw: a trigger writes down each change of a task's state, in the transaction that makes it, and whether it was
 * one that may be. It is asked by a connection that no fault is on.
 */
import { Client } from "pg";
import { lowestIdAt } from "../../../src/store/postgres-id.ts";
import { FINAL_STATES, QUEUED, RUNNING } from "./states.ts";

const SCHEMA = `
  create schema audit;
  create table audit.changes (
    id uuid not null, was smallint, state smallint, was_attempt integer, attempt integer, has_lapsed boolean, broken text,
    by text default current_setting('application_name'), at timestamptz default clock_timestamp()
  );
  create index on audit.changes (broken) where broken is not null;
  create function audit.write() returns trigger language plpgsql as $$
  declare
    was smallint := null; was_attempt integer := null; lapsed boolean := null; broken text := null;
  begin
    if tg_op = 'DELETE' then
      insert into audit.changes values (old.id, old.state, null, old.attempt, null, null, 'deleted, and nobody asked for that');
      return null;
    end if;
    if tg_op = 'UPDATE' then
      was := old.state; was_attempt := old.attempt;
      if old.state >= ${FINAL_STATES[0]} then
        if (new.state, new.attempt, new.result, new.error) is distinct from (old.state, old.attempt, old.result, old.error)
          then broken := 'final, and written again';
        end if;
      elsif new.attempt < old.attempt then broken := 'an attempt was taken back';
      elsif new.attempt > old.attempt + 2 then broken := 'an attempt was skipped';
      end if;
      if old.state = ${RUNNING} and new.state = ${QUEUED} then lapsed := old.lease_until < clock_timestamp(); end if;
      if broken is null and (new.state, new.attempt) = (old.state, old.attempt) then return null; end if;
    end if;
    insert into audit.changes values (new.id, was, new.state, was_attempt, new.attempt, lapsed, broken);
    return null;
  end $$;
  create trigger audit after insert or update or delete on tanda.tasks for each row execute function audit.write()`;

export type Broken = {
  readonly id: string;
  readonly broken: string;
  readonly was: number;
  readonly state: number;
};

export class Audit implements AsyncDisposable {
  readonly #url: string;
  #client: Promise<Client> | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** After the tables are there, before the first task. */
  async install(): Promise<void> {
    await this.query(SCHEMA);
  }

  /** @throws while the database is away. */
  async query<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    const connecting = (this.#client ??= this.#connect());
    try {
      return (await (await connecting).query<T>(sql, values)).rows;
    } catch (error) {
      // The next one connects anew.
      if (this.#client === connecting) this.#client = null;
      connecting.then((client) => client.end()).catch(() => {});
      throw error;
    }
  }

  /** Changes that must not be. */
  broken(): Promise<Broken[]> {
    return this.query<Broken>(
      "select id, broken, was, state from audit.changes where broken is not null limit 20",
    );
  }

  /** Of these, those that have no row. */
  async missing(ids: readonly string[]): Promise<string[]> {
    const sql = `select i.id from unnest($1::uuid[]) i (id) where not exists (select from tanda.tasks t where t.id = i.id)`;
    return (await this.query<{ id: string }>(sql, [ids])).map(({ id }) => id);
  }

  /** Tasks named before this moment that are not final. */
  async openBefore(epochMs: number): Promise<number> {
    const sql = `select count(*)::int as count from tanda.tasks where state in (0, 1, 2, 3) and id < $1`;
    const [row] = await this.query<{ count: number }>(sql, [lowestIdAt(epochMs)]);
    return row!.count;
  }

  /** Whether the lease of this attempt had ended, by the database's clock, when it was taken away; null: nobody took it away. */
  async hadLapsed(id: string, attempt: number): Promise<boolean | null> {
    const sql = `select has_lapsed from audit.changes where id = $1 and was_attempt = $2 and has_lapsed is not null`;
    const taken = await this.query<{ has_lapsed: boolean }>(sql, [id, attempt]);
    return taken.length === 0 ? null : taken.some((one) => one.has_lapsed);
  }

  /** Each change of its state, by whom, and when. */
  async story(id: string): Promise<string> {
    const sql = `select concat(was, ' ', was_attempt, ' > ', state, ' ', attempt, ' by ', by, ' at ', at::time, ' ', has_lapsed) as told
      from audit.changes where id = $1 order by at`;
    return (await this.query<{ told: string }>(sql, [id])).map(({ told }) => told).join("; ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.then((client) => client.end()).catch(() => {});
  }

  async #connect(): Promise<Client> {
    const client = new Client({ connectionString: this.#url, application_name: "audit" });
    client.on("error", () => {});
    await client.connect();
    return client;
  }
}
