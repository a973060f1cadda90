/**
 * Brings tables up to date. Each step is run once, and is never changed after a release: only ever append. Of several processes that
 * start at once one migrates, and the others wait for it.
 */
import { TandaError } from "../task/errors.ts";
import type { Connection } from "./connect.ts";

export type Tables = {
  /** Whose they are, in a sentence: "the store". */
  readonly of: string;
  /** Where the number of steps that were done is kept. */
  readonly versionTable: string;
  readonly steps: readonly string[];
};

/** As long as a timer can be set for: else a connection is given up when an answer takes long. */
const PATIENTLY = { query_timeout: 2 ** 31 - 1 };

/** 0 where there is nothing yet. */
export async function readVersion(
  connection: Connection,
  schema: string,
  { versionTable }: Tables,
): Promise<number> {
  // From the catalogue itself: what a session thinks it knows of names, as to_regclass tells it, may be older than a lock it waited for.
  const { rows } = await connection.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [schema, versionTable],
  );
  if (rows.length === 0) return 0;
  const found = await connection.query<{ version: number }>(`select version from ${versionTable}`);
  return found.rows[0]?.version ?? 0;
}

/**
 * @returns from which version it came.
 * @throws conflict when a newer Tanda has been here.
 */
export async function migrate(connection: Connection, schema: string, tables: Tables): Promise<number> {
  const { versionTable, steps } = tables;
  await connection.query("begin");
  try {
    // Held to the end of the transaction; who waits for it waits for a migration, however long.
    await connection.query("set local lock_timeout = 0; set local statement_timeout = 0");
    await connection.query({
      text: "select pg_advisory_xact_lock(hashtextextended($1, 0))",
      values: [`tanda migrate ${schema}`],
      ...PATIENTLY,
    });
    const version = await readVersion(connection, schema, tables);
    refuseNewer(version, schema, tables);
    if (version < steps.length) {
      if (version === 0) {
        await connection.query(
          `create schema if not exists ${schema}; create table ${versionTable} (version integer not null);
           insert into ${versionTable} values (0)`,
        );
      }
      for (const step of steps.slice(version)) await connection.query({ text: step, ...PATIENTLY });
      await connection.query(`update ${versionTable} set version = $1`, [steps.length]);
    }
    await connection.query("commit");
    return version;
  } catch (error) {
    await connection.query("rollback").catch(() => {});
    throw error;
  }
}

function refuseNewer(version: number, schema: string, { of, steps }: Tables): void {
  if (version <= steps.length) return;
  throw new TandaError(
    "conflict",
    `A newer Tanda wrote ${of}: its schema ${schema} is version ${version}, this program knows ${steps.length}.`,
    { hint: "Start the newer Tanda." },
  );
}
