/** Tokens and the audit log in SQLite: few and rarely asked, so all of it is done over the connection that writes. */
import type { DatabaseSync } from "node:sqlite";
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
import type { AuditQuery } from "./access-store.ts";
import type { Transaction } from "./sqlite-apply.ts";

export class SqliteAccess {
  readonly #db: DatabaseSync;
  readonly #transaction: Transaction;

  constructor(db: DatabaseSync, transaction: Transaction) {
    this.#db = db;
    this.#transaction = transaction;
  }

  tokens(): TokenRecord[] {
    return this.#rows(`select ${TOKEN_COLUMNS} from tokens order by created_at, id`, []).map(toToken);
  }

  keepTokens(tokens: readonly TokenRecord[]): void {
    const keep = this.#db.prepare(
      `insert into tokens (${TOKEN_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do update set revoked_at = min(
         coalesce(revoked_at, excluded.revoked_at), coalesce(excluded.revoked_at, revoked_at))`,
    );
    this.#transaction.run(() => {
      for (const token of tokens) keep.run(...tokenRow(token));
    });
  }

  record(entries: readonly AuditEntry[]): void {
    const insert = this.#db.prepare(
      `insert into audit (${AUDIT_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    );
    this.#transaction.run(() => {
      for (const entry of entries) insert.run(...auditRow(entry));
    });
  }

  audit({ since = 0, before, limit }: AuditQuery): AuditEntry[] {
    const older = before === undefined ? "" : "and id < ?";
    return this.#rows(`select ${AUDIT_COLUMNS} from audit where at >= ? ${older} order by id desc limit ?`, [
      since,
      ...(before === undefined ? [] : [before]),
      limit,
    ]).map(toAudit);
  }

  retireAccess(before: number): void {
    this.#transaction.run(() => {
      this.#db
        .prepare("delete from audit where id in (select id from audit where at < ? order by id limit ?)")
        .run(before, RETIRED_AT_ONCE);
      this.#db
        .prepare(
          "delete from tokens where min(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < ?",
        )
        .run(before);
    });
  }

  #rows(sql: string, values: (string | number)[]): AccessRow[] {
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all(...values) as unknown as AccessRow[];
  }
}
