/** Tokens and the audit log in PostgreSQL. */
import type { PostgresPool } from "../postgres/pool.ts";
import { toStoreError } from "../postgres/errors.ts";
import type { AuditEntry, TokenRecord } from "../task/access.ts";
import {
  auditRow,
  AUDIT_COLUMNS,
  RETIRED_AT_ONCE,
  toAudit,
  tokenRow,
  TOKEN_COLUMNS,
  toToken,
  type AccessRow,
} from "./access-rows.ts";
import type { AccessStore, AuditQuery } from "./access-store.ts";

export class PostgresAccess implements AccessStore {
  readonly #reads: PostgresPool;
  readonly #writes: PostgresPool;

  constructor(reads: PostgresPool, writes: PostgresPool) {
    this.#reads = reads;
    this.#writes = writes;
  }

  async tokens(): Promise<TokenRecord[]> {
    const sql = `select ${TOKEN_COLUMNS} from tokens order by created_at, id`;
    return (await this.#ask(this.#reads, sql, [])).map(toToken);
  }

  async keepTokens(tokens: readonly TokenRecord[]): Promise<void> {
    if (tokens.length === 0) return;
    const rows = tokens.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(tokenRow);
    await this.#ask(
      this.#writes,
      // `least` passes null by.
      `insert into tokens as t (${TOKEN_COLUMNS}) values ${marks(rows)}
       on conflict (id) do update set revoked_at = least(t.revoked_at, excluded.revoked_at)
       where t.revoked_at is distinct from least(t.revoked_at, excluded.revoked_at)`,
      rows.flat(),
    );
  }

  async record(entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.map(auditRow);
    const sql = `insert into audit (${AUDIT_COLUMNS}) values ${marks(rows)} on conflict do nothing`;
    await this.#ask(this.#writes, sql, rows.flat());
  }

  async audit({ since = 0, before, limit }: AuditQuery): Promise<AuditEntry[]> {
    const older = before === undefined ? "" : "and id < $3";
    const sql = `select ${AUDIT_COLUMNS} from audit where at >= $1 ${older} order by id desc limit $2`;
    const values = [since, limit, ...(before === undefined ? [] : [before])];
    return (await this.#ask(this.#reads, sql, values)).map(toAudit);
  }

  async retireAccess(before: number): Promise<void> {
    await this.#ask(
      this.#writes,
      "delete from audit where id in (select id from audit where at < $1 order by id limit $2)",
      [before, RETIRED_AT_ONCE],
    );
    await this.#ask(this.#writes, "delete from tokens where least(revoked_at, expires_at) < $1", [before]);
  }

  /** Each of these may be done twice. */
  async #ask(pool: PostgresPool, text: string, values: unknown[]): Promise<AccessRow[]> {
    try {
      return await pool.useAgain(async (connection) => {
        const { rows } = await connection.query<AccessRow>({ text, values, rowMode: "array" });
        return rows;
      });
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

/** ($1, $2), ($3, $4) … */
function marks(rows: readonly AccessRow[]): string {
  let next = 0;
  return rows.map((row) => `(${row.map(() => `$${++next}`).join(", ")})`).join(", ");
}
