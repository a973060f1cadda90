/**
 * Tokens of a cluster: each node keeps all of them in its own store. A token never changes but by being revoked, so nodes only have to
 * tell each other what they know, in any order and as often as they like. What was made or revoked is told at once; who was away then
 * asks when it is back.
 */
import type { Engine } from "../engine/engine.ts";
import type { CreatedToken, TokenView } from "../protocol/access.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { TokenRecord } from "../task/access.ts";
import type { Peer, PeerLog } from "./peer.ts";

const ASK_EVERY_MS = 2000;
/** A token that nobody knows may be shown in a loop. */
const ASK_AGAIN_MS = 200;
const TELL_WITHIN = "1s";

export class ClusterTokens {
  readonly #local: Engine;
  readonly #peers: readonly Peer[];
  readonly #log: PeerLog;
  readonly #timer: NodeJS.Timeout;
  #asking: Promise<void> | null = null;
  #askedAt = -Infinity;

  constructor(local: Engine, peers: readonly Peer[], log: PeerLog) {
    this.#local = local;
    this.#peers = peers;
    this.#log = log;
    this.#timer = setInterval(() => void this.ask(), ASK_EVERY_MS).unref();
  }

  async create(wish: TokenWish): Promise<CreatedToken> {
    const created = await this.#local.createToken(wish);
    await this.#tell(created.token);
    return created;
  }

  async revoke(token: string): Promise<TokenView> {
    // It may have been made elsewhere just now.
    await this.ask();
    const revoked = await this.#local.revokeToken(token);
    await this.#tell(revoked.token);
    return revoked;
  }

  /** To those that are up; the others ask. */
  async #tell(wanted: string): Promise<void> {
    const tokens = (await this.#local.keepTokens([])).filter(({ id }) => id === wanted);
    await Promise.all(this.#peers.map((peer) => this.#exchange(peer, tokens)));
  }

  ask(): Promise<void> {
    if (performance.now() - this.#askedAt < ASK_AGAIN_MS) return Promise.resolve();
    this.#asking ??= Promise.all(this.#peers.map((peer) => this.#exchange(peer, [])))
      .then(() => void (this.#askedAt = performance.now()))
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #exchange(peer: Peer, tokens: readonly TokenRecord[]): Promise<void> {
    if (!peer.isUp) return;
    try {
      const told = await peer.ask("keep_tokens", { tokens }, { callTimeout: TELL_WITHIN });
      await this.#local.keepTokens(told as TokenRecord[]);
    } catch (error) {
      this.#log.warn(
        { node: peer.node, error },
        "a peer could not be asked for its tokens; it is asked again",
      );
    }
  }
}
