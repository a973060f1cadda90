/** Tokens and acts as rows, the same for every driver that speaks SQL. */
import type { AuditEntry, Scope, TokenRecord } from "../task/access.ts";

export const TOKEN_COLUMNS = "id, digest, name, scope, created_at, expires_at, revoked_at";
export const AUDIT_COLUMNS = "id, at, who, name, address, act, target, outcome";
/** Rows of either kind that one call forgets. */
export const RETIRED_AT_ONCE = 5000;

export type AccessRow = (string | number | null)[];

export function tokenRow(token: TokenRecord): AccessRow {
  const { id, digest, name, scope, createdAt, expiresAt, revokedAt } = token;
  return [id, digest, name, JSON.stringify(scope), createdAt, expiresAt, revokedAt];
}

export function toToken(row: AccessRow): TokenRecord {
  const [id, digest, name, scope, createdAt, expiresAt, revokedAt] = row;
  return {
    id: id as string,
    digest: digest as string,
    name: name as string | null,
    scope: JSON.parse(scope as string) as Scope | null,
    createdAt: createdAt as number,
    expiresAt: expiresAt as number | null,
    revokedAt: revokedAt as number | null,
  };
}

export function auditRow({ at, id, who, name, from, act, target, outcome }: AuditEntry): AccessRow {
  return [id, at, who, name, from, act, target, outcome];
}

export function toAudit(row: AccessRow): AuditEntry {
  const [id, at, who, name, from, act, target, outcome] = row;
  return {
    id: id as string,
    at: at as number,
    who: who as string,
    name: name as string | null,
    from: from as string,
    act: act as string,
    target: target as string | null,
    outcome: outcome as string,
  };
}
