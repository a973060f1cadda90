/** Who may come in: tokens, and what a browser says about the page that sends a request. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Access } from "../engine/engine.ts";
import { isLive } from "../task/access.ts";
import { TandaError } from "../task/errors.ts";
import { Grant } from "./grant.ts";

export type DoorOptions = {
  /** May do all; null: only tokens of the store are asked for. */
  readonly token: string | null;
  /** Whoever shows none is refused; else he may do all. */
  readonly needsToken: boolean;
  /** Names besides localhost that a loopback listener answers to. */
  readonly hosts: readonly string[];
  /** Origins besides its own whose pages may use it. */
  readonly origins: readonly string[];
  readonly access: () => Pick<Access, "token" | "refresh">;
  readonly now: () => number;
};

/** A connection that gave so many is closed. */
export const MAX_WRONG_TOKENS = 3;
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const TOKEN_FORM = /^tnd_([0-9a-f]{12})_(.+)$/;

export class Door {
  readonly needsToken: boolean;
  /** Of a node of the cluster, which proved that it is one. */
  readonly node = Grant.all("node");
  readonly #digest: Buffer | null;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #access: DoorOptions["access"];
  readonly #now: () => number;
  readonly #anybody = Grant.all("loopback");
  readonly #bearer = Grant.all("token");
  /** Of tokens that were shown here, so that all their connections share what is counted. */
  readonly #grants = new Map<string, Grant>();

  constructor(options: DoorOptions) {
    this.needsToken = options.needsToken || options.token !== null;
    this.#digest = options.token === null ? null : digest(options.token);
    this.#hosts = new Set([...OWN_NAMES, ...options.hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(options.origins.map((origin) => origin.toLowerCase().replace(/\/$/, "")));
    this.#access = options.access;
    this.#now = options.now;
  }

  /** What nobody has to show a token for; null where everybody has to. */
  get open(): Grant | null {
    return this.needsToken ? null : this.#anybody;
  }

  /** Takes as long for every wrong token, whatever is right in it. @returns null for a token that lets nobody in. */
  admit(given: string): Grant | null {
    if (this.#digest !== null && timingSafeEqual(this.#digest, digest(given))) return this.#bearer;
    const match = TOKEN_FORM.exec(given);
    // Where none is needed, what looks like none of ours is as good as none.
    if (match === null) return given.startsWith("tnd_") ? null : this.open;
    const [, id = "", secret = ""] = match;
    const record = this.#access().token(id);
    const isRight = timingSafeEqual(Buffer.from(record?.digest ?? NO_DIGEST, "hex"), digest(secret));
    if (record === undefined || !isRight || !isLive(record, this.#now())) return null;
    let grant = this.#grants.get(id);
    if (grant === undefined) this.#grants.set(id, (grant = new Grant(id, record)));
    return grant;
  }

  /** As {@link admit}; a token that is not known here may have been made elsewhere just now. @throws unavailable when nobody can tell. */
  async admitLate(given: string): Promise<Grant | null> {
    const grant = this.admit(given);
    if (grant !== null || !this.mayBeNew(given)) return grant;
    await this.#access().refresh();
    return this.admit(given);
  }

  /** A token in our form that is not known here. */
  mayBeNew(given: string): boolean {
    const id = TOKEN_FORM.exec(given)?.[1];
    return id !== undefined && this.#access().token(id) === undefined;
  }

  /** To be called every second or so: ends what was revoked or has expired. */
  sweep(): void {
    const now = this.#now();
    for (const [id, grant] of this.#grants) {
      const record = this.#access().token(id);
      if (record !== undefined && isLive(record, now)) continue;
      this.#grants.delete(id);
      grant.end();
    }
  }

  /** A name that was made to point here (rebinding) is not ours. Needed on loopback only: elsewhere the token decides. */
  isOwnHost(host: string): boolean {
    const lower = host.toLowerCase();
    return this.#hosts.has(lower) || this.#hosts.has(lower.replace(/:\d*$/, ""));
  }

  /** @param host the request's, since a page of ours has that origin. */
  isAllowedOrigin(origin: string, host: string): boolean {
    const lower = origin.toLowerCase();
    const own = host.toLowerCase();
    return lower === `http://${own}` || lower === `https://${own}` || this.#origins.has(lower);
  }

  /** A page of another origin that was configured: its browser must be told that it may read answers. */
  isConfiguredOrigin(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }
}

/** Of nothing that has one. */
const NO_DIGEST = "0".repeat(64);

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** What lines and WebSocket are told. */
export function unauthorized(): TandaError {
  return new TandaError("unauthorized", "a token is required, or this one is wrong", {
    hint: 'Send {"op":"auth","token":"…"} first, or auth TOKEN',
  });
}

/** What whoever came in with a token is told when that is over. */
export function tokenIsOver(): TandaError {
  return new TandaError("unauthorized", "this token was revoked or has expired", {
    hint: "Ask for another where you got it.",
  });
}
