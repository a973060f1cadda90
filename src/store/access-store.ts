import type { AuditEntry, TokenRecord } from "../task/access.ts";

/**
 * Tokens and the audit log, beside the tasks.
 *
 * - A token never changes but by being revoked, and what is revoked stays so: {@link keepTokens} of what was told elsewhere MUST NOT
 *   bring one back, in whatever order and however often it is told.
 * - Every write is durable when its promise resolves. Refusals are those of the store.
 */
export interface AccessStore {
  /** All that are kept, revoked and expired ones too, oldest first. */
  tokens(): Promise<TokenRecord[]>;
  /** Adds those that are not there; of those that are, the earlier `revokedAt` counts. */
  keepTokens(tokens: readonly TokenRecord[]): Promise<void>;

  /** A repeat of an entry changes nothing. */
  record(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first. */
  audit(query: AuditQuery): Promise<AuditEntry[]>;

  /** Forgets acts before this instant, and tokens that were over by then; some thousands a call, oldest first. */
  retireAccess(before: number): Promise<void>;
}

/** `since` inclusive, epoch ms. `before`: the id of an entry; those older than it. `limit`: 1 … 1000. */
export type AuditQuery = {
  readonly since?: number | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
};
