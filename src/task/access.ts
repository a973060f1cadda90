/**
 * Who may do what: tokens with a scope, and the record of what was done with them. A token's text is `tnd_<id>_<secret>`; what is
 * kept of the secret is its sha-256, so whoever reads the store cannot use what is in it.
 */

/** What a token may. Absent = not limited in this. Fixed when the token is made. */
export type Scope = {
  /** Names of actions; `*` at the end stands for any rest. */
  readonly actions?: readonly string[];
  /** Names of queues, likewise. */
  readonly queues?: readonly string[];
  /** Words of protocol/scopes.ts. */
  readonly ops?: readonly string[];
  /** Bytes of a payload's JSON, and of a blob. */
  readonly maxBytes?: number;
  /** Submissions, at each gateway. */
  readonly rate?: { readonly count: number; readonly perMs: number };
  /** Its tasks are its own, and others do not exist for it. */
  readonly own: boolean;
};

/** What a store keeps of a token. Instants are epoch milliseconds. Nothing but `revokedAt` ever changes. */
export type TokenRecord = {
  readonly id: string;
  /** sha-256 of the secret, in hex. */
  readonly digest: string;
  readonly name: string | null;
  /** Null: it may do all. */
  readonly scope: Scope | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
};

export function isLive({ expiresAt, revokedAt }: TokenRecord, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

/** One administrative act, or an attempt at it. */
export type AuditEntry = {
  /** Grows with time: two of one millisecond differ in it. */
  readonly id: string;
  readonly at: number;
  /** A token's id, or "token" (that of --token), "loopback" (nobody had to say), "process" (this node's own), "command" (the store, by hand). */
  readonly who: string;
  /** The token's. */
  readonly name: string | null;
  /** Address of the connection; "" where there was none. */
  readonly from: string;
  /** The op. */
  readonly act: string;
  /** A task's id, the name of a queue or worker, a token's id. */
  readonly target: string | null;
  /** "ok", or the code of the refusal. */
  readonly outcome: string;
};
