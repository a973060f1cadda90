/** Tokens and the audit log, as they are told. Instants are epoch milliseconds. */
import { isLive, type AuditEntry, type TokenRecord } from "../task/access.ts";
import { formatRate } from "./scopes.ts";

/** Without its secret, which only its maker was ever told. */
export type TokenView = {
  /** Its id. */
  token: string;
  name?: string;
  state: "live" | "expired" | "revoked";
  /** It may do all; then there is no scope below. */
  all?: true;
  actions?: readonly string[];
  queues?: readonly string[];
  ops?: readonly string[];
  maxBytes?: number;
  rate?: string;
  own?: boolean;
  createdAt: number;
  expiresAt?: number;
  revokedAt?: number;
};
/** `secret` is what a client shows: `tnd_ID_…`. It is told once, and kept nowhere. */
export type CreatedToken = TokenView & { secret: string };

export type AuditFilter = {
  /** Epoch ms, RFC 3339, or a duration back from now ("1h"). */
  since?: number | string;
  /** `next` of the page before. */
  cursor?: string;
  /** 1 … 1000, default 100. */
  limit?: number;
};
export const AUDIT_FIELDS = ["since", "cursor", "limit"] as const satisfies (keyof AuditFilter)[];

export type AuditView = Omit<AuditEntry, "name" | "target"> & {
  name?: string;
  target?: string;
};
/** Newest first. `missing`: nodes of a cluster that could not be asked. */
export type AuditPage = { entries: AuditView[]; next: string | null; missing?: number[] };

export function toTokenView(record: TokenRecord, now: number): TokenView {
  const { id, name, scope, createdAt, expiresAt, revokedAt } = record;
  const state = isLive(record, now) ? "live" : revokedAt === null ? "expired" : "revoked";
  const view: TokenView = { token: id, state, createdAt };
  if (name !== null) view.name = name;
  if (scope === null) view.all = true;
  else {
    const { rate, ...rest } = scope;
    Object.assign(view, rest);
    if (rate !== undefined) view.rate = formatRate(rate);
  }
  if (expiresAt !== null) view.expiresAt = expiresAt;
  if (revokedAt !== null) view.revokedAt = revokedAt;
  return view;
}

export function toAuditView({ name, target, ...entry }: AuditEntry): AuditView {
  return { ...entry, ...(name === null ? {} : { name }), ...(target === null ? {} : { target }) };
}
