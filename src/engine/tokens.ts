/** Tokens as this process knows them: made, revoked, and looked up at every door without a word to the store. */
import { createHash, randomBytes } from "node:crypto";
import { toTokenView, type CreatedToken, type TokenView } from "../protocol/access.ts";
import { scopeOf } from "../protocol/scopes.ts";
import { type TokenWish } from "../protocol/token-wish.ts";
import type { AccessStore } from "../store/access-store.ts";
import { isLive, type TokenRecord } from "../task/access.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";

const ID_BYTES = 6;
const SECRET_BYTES = 32;
/** Tokens that nobody made may be shown in a loop. */
const REFRESH_EVERY_MS = 200;

export type TokensOptions = {
  readonly store: Pick<AccessStore, "tokens" | "keepTokens">;
  readonly now: () => number;
  /** Live ones. */
  readonly maxTokens: number;
  /** Others are to know at once of what was made or revoked here. */
  readonly onChanged?: (changed: readonly TokenRecord[]) => Promise<void> | void;
};

export class Tokens {
  readonly #options: TokensOptions;
  #byId: ReadonlyMap<string, TokenRecord> = new Map();
  #refreshing: Promise<void> | null = null;
  #refreshedAt = -Infinity;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  find(id: string): TokenRecord | undefined {
    return this.#byId.get(id);
  }

  get isAnyLive(): boolean {
    const now = this.#options.now();
    for (const token of this.#byId.values()) if (isLive(token, now)) return true;
    return false;
  }

  /** As the store has them now. */
  async load(): Promise<void> {
    const tokens = await this.#options.store.tokens();
    this.#byId = new Map(tokens.map((token) => [token.id, token]));
    this.#refreshedAt = performance.now();
  }

  /** As {@link load}, unless that was just now. */
  refresh(): Promise<void> {
    if (performance.now() - this.#refreshedAt < REFRESH_EVERY_MS) return Promise.resolve();
    this.#refreshing ??= this.load().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async all(): Promise<TokenView[]> {
    await this.load();
    const now = this.#options.now();
    return [...this.#byId.values()].map((token) => toTokenView(token, now)).toReversed();
  }

  /** @param wish checked. @throws busy when there are too many. */
  async create(wish: TokenWish): Promise<CreatedToken> {
    const { store, now, maxTokens, onChanged } = this.#options;
    await this.load();
    const at = now();
    const live = [...this.#byId.values()].filter((token) => isLive(token, at)).length;
    if (live >= maxTokens) {
      throw new TandaError("busy", `there are ${live} tokens`, {
        hint: "Revoke those that nobody uses, or raise --max-tokens.",
        retryAfterMs: 60_000,
      });
    }
    const secret = randomBytes(SECRET_BYTES).toString("base64url");
    const record: TokenRecord = {
      id: randomBytes(ID_BYTES).toString("hex"),
      digest: digestOf(secret),
      name: wish.name ?? null,
      scope: scopeOf(wish),
      createdAt: at,
      expiresAt: wish.expires === undefined ? null : at + parseDuration(wish.expires, "expires"),
      revokedAt: null,
    };
    await store.keepTokens([record]);
    await this.load();
    await onChanged?.([record]);
    return { ...toTokenView(record, at), secret: `tnd_${record.id}_${secret}` };
  }

  /** @param given its id, or all of it. Twice is safe. @throws not_found */
  async revoke(given: string): Promise<TokenView> {
    const { store, now, onChanged } = this.#options;
    const id = readToken(given)?.id ?? given;
    await this.load();
    const record = this.#byId.get(id);
    if (record === undefined) {
      throw new TandaError("not_found", `there is no token ${JSON.stringify(id.slice(0, 20))}`, {
        hint: "`tanda token list` shows their ids. That of --token is no such token: start the node with another.",
      });
    }
    const revoked = { ...record, revokedAt: record.revokedAt ?? now() };
    if (record.revokedAt === null) {
      await store.keepTokens([revoked]);
      await this.load();
      await onChanged?.([revoked]);
    }
    return toTokenView(revoked, now());
  }

  /** What another node of a cluster knows. @returns all that is known here. */
  async keep(told: readonly TokenRecord[]): Promise<TokenRecord[]> {
    const isNews = ({ id, revokedAt }: TokenRecord): boolean => {
      const known = this.#byId.get(id);
      return known === undefined || (known.revokedAt === null && revokedAt !== null);
    };
    const news = told.filter(isNews);
    if (news.length > 0) {
      await this.#options.store.keepTokens(news);
      await this.load();
    }
    return [...this.#byId.values()];
  }
}

export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Null for what is no token of ours. */
export function readToken(text: string): { id: string; secret: string } | null {
  const match = /^tnd_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text);
  return match === null ? null : { id: match[1]!, secret: match[2]! };
}
