/** The rows, as the database's own client shows them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { needs } from "../../scripts/system-programs.ts";

export const found = needs("psql");

export type Row = {
  readonly id: string;
  readonly payload: unknown;
  readonly state: number;
  readonly attempt: number;
  readonly result: unknown;
  readonly resultBlob: string | null;
  readonly history: string | null;
  readonly worker: string | null;
  /** Until it was final. */
  readonly tookMs: number | null;
};

/** As states are numbered in the table. */
export const RUNNING = 2;
export const DONE = 4;

/** @param where of SQL. */
export async function rowsWhere(url: string, where: string): Promise<Row[]> {
  const sql = `select coalesce(json_agg(r), '[]') from (select id, nullif(payload, '')::json as payload, state, attempt,
    result::json, result_blob as "resultBlob", history, worker, finished_at - created_at as "tookMs" from tanda.tasks where ${where}) r`;
  const args = [url, "--no-psqlrc", "--tuples-only", "--no-align", "--command", sql];
  const { stdout } = await promisify(execFile)(found.path, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Row[];
}
