/**
 * Deletes finished tasks that are past the rule, oldest first. A day of which nothing has to be kept goes whole, with its table;
 * else rows go, a little at a time: each call is one short transaction. The walks go on where the last call stopped, and start
 * anew when they have seen all that can be old enough. Several processes may do so at once: each skips what another has in hand.
 */
import { STATES, type State } from "../task/state.ts";
import { BYTES_SQL, CountChanges, foldCounts } from "./postgres-counts.ts";
import { HIGHEST_ID, LOWEST_ID, lowestIdAt } from "./postgres-id.ts";
import { endOf, idsOf, type PostgresPartitions } from "./postgres-partitions.ts";
import type { Connection } from "../postgres/pool.ts";
import { deleteTasks } from "./postgres-rows.ts";
import { transact } from "./postgres-transact.ts";
import type { Retired, RetentionRule } from "./store.ts";

const TIME_BOX_MS = 8;
const CHUNK = 500;
/** Rows may be large: look again after a few whether it is enough. */
const BYTES_CHUNK = 25;
/** A task's id is made within a day of the task, so past this nothing can have finished before the rule's instant. */
const ID_SKEW_MS = 2 * 86_400_000;
const COLUMNS = `id, key, queue, action, state, finished_at, purge_at, ${BYTES_SQL} as bytes`;
const FINAL = "state between 4 and 7";
const isFinalState = (state: number): boolean => state >= 4 && state <= 7;
/** A lock, or an answer, was waited for too long. */
const LEFT_ALONE: ReadonlySet<unknown> = new Set(["55P03", "57014"]);

type Found = {
  id: string;
  key: string | null;
  queue: string;
  action: string;
  state: number;
  finished_at: number | null;
  purge_at: number | null;
  bytes: number;
};
type Totals = { finished: number; bytes: number };
type Work = { readonly connection: Connection; readonly rule: RetentionRule; readonly changes: CountChanges };

export class PostgresRetire {
  readonly #partitions: PostgresPartitions;
  readonly #now: () => number;
  #ageAt = LOWEST_ID;
  #boundAt = LOWEST_ID;

  /** @param now milliseconds of a clock that only measures. */
  constructor(partitions: PostgresPartitions, now: () => number) {
    this.#partitions = partitions;
    this.#now = now;
  }

  async retire(connection: Connection, rule: RetentionRule): Promise<Retired> {
    const dropped = await this.#dropOldest(connection, rule);
    if (dropped !== null) return { deleted: dropped, isMore: true };
    const [ageAt, boundAt] = [this.#ageAt, this.#boundAt];
    try {
      return await transact(connection, async () => {
        const changes = new CountChanges();
        const retired = await this.#work({ connection, rule, changes });
        await changes.write(connection);
        if (!retired.isMore) await foldCounts(connection);
        return retired;
      });
    } catch (error) {
      [this.#ageAt, this.#boundAt] = [ageAt, boundAt];
      throw error;
    }
  }

  async #work(work: Work): Promise<Retired> {
    const endsAt = this.#now() + TIME_BOX_MS;
    const totals = await totalsOf(work.connection);
    let deleted = 0;
    const steps = [
      () => byOwnRule(work, totals),
      () => this.#byAge(work, totals),
      () => this.#byBounds(work, totals),
    ];
    for (const step of steps) {
      for (;;) {
        const count = await step();
        if (count === null) break;
        deleted += count;
        if (this.#now() >= endsAt) return { deleted, isMore: true };
      }
    }
    return { deleted, isMore: false };
  }

  // Each step does one chunk and says how many it deleted, null when there is nothing left for it to do.

  async #byAge(work: Work, totals: Totals): Promise<number | null> {
    const { rule } = work;
    const found = await between(
      work,
      this.#ageAt,
      lowestIdAt(rule.finishedBefore + ID_SKEW_MS) ?? HIGHEST_ID,
    );
    this.#ageAt = found.at(-1)?.id ?? LOWEST_ID;
    if (found.length === 0) return null;
    const past = found.filter(
      ({ state, finished_at, purge_at }) =>
        isFinalState(state) && purge_at === null && finished_at !== null && finished_at < rule.finishedBefore,
    );
    return remove(work, totals, past);
  }

  async #byBounds(work: Work, totals: Totals): Promise<number | null> {
    const excess = totals.finished - Math.max(0, work.rule.maxFinished);
    const isOver = excess > 0 || (totals.finished > 0 && totals.bytes > work.rule.maxBytes);
    const found = isOver ? await between(work, this.#boundAt, HIGHEST_ID) : [];
    if (found.length === 0) {
      const isWhole = this.#boundAt === LOWEST_ID;
      this.#boundAt = LOWEST_ID;
      return isOver && !isWhole ? 0 : null;
    }
    const final = found.filter(({ state }) => isFinalState(state));
    const some = final.slice(0, excess > 0 ? excess : BYTES_CHUNK);
    this.#boundAt = (some.length < final.length ? some : found).at(-1)!.id;
    return remove(work, totals, some);
  }

  /** The oldest day, when all its tasks are final and old. @returns how many went, null when nothing did. */
  async #dropOldest(connection: Connection, rule: RetentionRule): Promise<number | null> {
    for (const { name, day } of await this.#partitions.all(connection)) {
      if (endOf(day) + ID_SKEW_MS > rule.finishedBefore) return null;
      const count = await dropDay(connection, name, day, rule.finishedBefore);
      if (count === null) continue;
      this.#partitions.forget();
      return count;
    }
    return null;
  }
}

/** Nobody can write to the day while it is looked at; who reads is not held up before the table goes. */
async function dropDay(
  connection: Connection,
  name: string,
  day: number,
  finishedBefore: number,
): Promise<number | null> {
  try {
    if (await isAnyKept(connection, name, finishedBefore)) return null;
    return await transact(connection, async () => {
      await connection.query("set local lock_timeout = '200ms'");
      await connection.query(`lock table ${name} in share row exclusive mode`);
      if (await isAnyKept(connection, name, finishedBefore)) return null;
      const changes = new CountChanges();
      const { rows } = await connection.query<Omit<Found, "id"> & { count: number }>(
        `select queue, action, state, count(*) as count, sum(${BYTES_SQL})::bigint as bytes from ${name} group by queue, action, state`,
      );
      for (const { queue, action, state, count, bytes } of rows)
        changes.add(queue, action, STATES[state]!, -count, -bytes);
      const { first, end } = idsOf(day);
      await connection.query(
        `delete from keys k using ${name} t where t.key is not null and k.key = t.key and k.task = t.id`,
      );
      await connection.query("delete from blob_refs where task >= $1 and task < $2", [first, end]);
      await connection.query(`drop table ${name}`);
      await changes.write(connection);
      return rows.reduce((sum, { count }) => sum + count, 0);
    });
  } catch (error) {
    // Somebody is at it for longer, or it is too large to be looked through: its rows go little by little.
    if (LEFT_ALONE.has((error as { code?: unknown }).code)) return null;
    throw error;
  }
}

async function isAnyKept(connection: Connection, name: string, finishedBefore: number): Promise<boolean> {
  const { rows } = await connection.query<{ kept: boolean }>(
    `select exists (select 1 from ${name} where state <> 4 and state not between 4 and 7)
       or exists (select 1 from ${name} where purge_at is not null)
       or exists (select 1 from ${name} where finished_at >= $1) as kept`,
    [finishedBefore],
  );
  return rows[0]!.kept;
}

async function byOwnRule(work: Work, totals: Totals): Promise<number | null> {
  const { rows } = await work.connection.query<Found>(
    `select ${COLUMNS} from tasks where purge_at is not null and purge_at <= $1 and ${FINAL}
     order by purge_at limit ${CHUNK} for update skip locked`,
    [work.rule.now],
  );
  return rows.length === 0 ? null : remove(work, totals, rows);
}

async function between({ connection }: Work, after: string, before: string): Promise<Found[]> {
  const { rows } = await connection.query<Found>(
    `select ${COLUMNS} from tasks where id > $1 and id < $2 order by id limit ${CHUNK} for update skip locked`,
    [after, before],
  );
  return rows;
}

async function remove(work: Work, totals: Totals, found: readonly Found[]): Promise<number> {
  await deleteTasks(work.connection, found);
  for (const { queue, action, state, bytes } of found) {
    work.changes.add(queue, action, STATES[state] as State, -1, -bytes);
    totals.bytes -= bytes;
  }
  totals.finished -= found.length;
  return found.length;
}

async function totalsOf(connection: Connection): Promise<Totals> {
  const { rows } = await connection.query<Totals>(
    `select coalesce(sum(count) filter (where ${FINAL}), 0)::bigint as finished,
       coalesce(sum(bytes), 0)::bigint as bytes from counts`,
  );
  return rows[0]!;
}
