/**
 * The partitions of `tasks`: one for each day of the ids' time, made before the first row that needs it, with the next day's
 * ahead. A partition is built aside and then attached, which holds up nobody.
 */
import type { TaskEvent } from "../task/decide.ts";
import { idTime } from "../task/id.ts";
import { HIGHEST_ID, lowestIdAt } from "./postgres-id.ts";
import type { Connection } from "../postgres/pool.ts";

const DAY_MS = 86_400_000;
const NAME = /^tasks_d(\d+)$/;

export type Partition = {
  readonly name: string;
  /** Days since 1970. */
  readonly day: number;
};

export class PostgresPartitions {
  readonly #schema: string;
  readonly #known = new Set<number>();

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** Makes what these events' new rows need. Not within a transaction. */
  async make(connection: Connection, events: readonly TaskEvent[]): Promise<void> {
    const missing = new Set<number>();
    for (const { id, spec } of events) {
      if (spec === undefined) continue;
      const day = dayOf(id);
      if (!this.#known.has(day)) missing.add(day);
    }
    if (missing.size === 0) return;
    const wanted = new Set([...missing].flatMap((day) => [day, day + 1]));
    for (const day of wanted) await this.#makeDay(connection, day);
    for (const day of missing) this.#known.add(day);
  }

  /** Another process dropped one that was known here. */
  forget(): void {
    this.#known.clear();
  }

  /** Oldest first. */
  async all(connection: Connection): Promise<Partition[]> {
    const { rows } = await connection.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = $1::regclass`,
      [`${this.#schema}.tasks`],
    );
    return rows
      .flatMap(({ name }) => {
        const [, day] = NAME.exec(name) ?? [];
        return day === undefined ? [] : [{ name, day: Number(day) }];
      })
      .sort((a, b) => a.day - b.day);
  }

  async #makeDay(connection: Connection, day: number): Promise<void> {
    const [first, end] = [lowestIdAt(day * DAY_MS), lowestIdAt((day + 1) * DAY_MS)];
    if (first === null) return;
    const name = `tasks_d${day}`;
    await connection.query("begin");
    try {
      await connection.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
        `tanda partitions ${this.#schema}`,
      ]);
      const { rows } = await connection.query<{ there: string | null }>("select to_regclass($1) as there", [
        `${this.#schema}.${name}`,
      ]);
      if (rows[0]!.there === null) {
        // Rows are updated in place a few times: some room on each page keeps them there.
        await connection.query(
          `create table ${name} (like tasks including defaults including storage) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)`,
        );
        await connection.query(
          `alter table tasks attach partition ${name} for values from ('${first}') to (${end === null ? "maxvalue" : `'${end}'`})`,
        );
      }
      await connection.query("commit");
    } catch (error) {
      await connection.query("rollback").catch(() => {});
      throw error;
    }
  }
}

export function dayOf(id: string): number {
  return Math.floor(idTime(id) / DAY_MS);
}

/** The ids of a day: from `first`, before `end`. */
export function idsOf(day: number): { first: string; end: string } {
  return {
    first: lowestIdAt(day * DAY_MS) ?? HIGHEST_ID,
    end: lowestIdAt((day + 1) * DAY_MS) ?? HIGHEST_ID,
  };
}

/** When the last id of a day was made. */
export function endOf(day: number): number {
  return (day + 1) * DAY_MS;
}
