/**
 * One other node of the cluster: a connection that is kept, and whether somebody is there. What is asked of a node that is
 * known to be down is refused at once: nobody waits for a connection that will not come.
 */
import { createRemoteCaller } from "../client/connect-options.ts";
import type { AskOp, AskOptions, Caller, CallOptions, OpArguments, Submitted } from "../client/caller.ts";
import { createTcpTransport } from "../client/tcp.ts";
import type { PingView } from "../protocol/messages.ts";
import { NODE_HEADER, nodeHeader, type Signer } from "../protocol/node-proof.ts";
import { TandaError } from "../task/errors.ts";
import { createIdMaker, type IdMaker } from "../task/id.ts";
import { peerAddress, type PeerAddress } from "./peer-addresses.ts";
import { provenTransport } from "./proven-transport.ts";

const LOOK_EVERY_MS = 1000;
const LOOK_AGAIN_MS = 250;
const LOOK_WITHIN = "3s";
/** For what has no reason to take long: a node that takes longer is as good as none. */
const ANSWER_WITHIN = "10s";
const RETRY_AFTER_MS = 500;

export type PeerLog = { info(fields: object, text: string): void; warn(fields: object, text: string): void };

export type PeerOptions = {
  /** The number of the node that asks. */
  readonly own: number;
  /** By it nodes prove themselves to each other; null: they show the clients' token. */
  readonly signer: Signer | null;
  readonly token: string | null;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: PeerLog;
};

export class Peer {
  readonly node: number;
  readonly address: string;
  readonly httpUrl: string;
  /** Names tasks that will be this node's. */
  readonly makeId: IdMaker;
  readonly #options: PeerOptions;
  readonly #caller: Caller;
  #isUp = false;
  #why: string | null = "not reached yet";
  #isClosed = false;
  #poke: () => void = () => {};
  readonly #looking: Promise<void>;
  #whenUp = Promise.withResolvers<void>();

  constructor({ node, address }: PeerAddress, options: PeerOptions) {
    const { httpUrl } = peerAddress(address);
    this.node = node;
    this.address = address;
    this.httpUrl = httpUrl;
    this.#options = options;
    this.makeId = createIdMaker(node, options.now, options.random);
    this.#caller = this.connect((state, reason) => {
      if (state === "lost") this.#down(reason?.message ?? "the connection was lost");
      this.#poke();
    });
    this.#looking = this.#look();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when it can be asked; also when this is closed. */
  get whenUp(): Promise<void> {
    return this.#isUp || this.#isClosed ? Promise.resolve() : this.#whenUp.promise;
  }

  /** A connection of its own, for what must not wait behind others. */
  connect(onConnection?: (state: "open" | "lost", reason: Error | null) => void): Caller {
    const address = peerAddress(this.address);
    const { own, signer, token } = this.#options;
    const transport = createTcpTransport(address);
    return createRemoteCaller(
      [address],
      [signer === null ? transport : provenTransport(transport, { from: own, to: this.node, signer })],
      { soon: setImmediate, canUploadStreams: true },
      {
        // Who knows the secret needs no token, and to who does not none is shown.
        token: signer === null ? (token ?? undefined) : undefined,
        reconnectFor: "2s",
        deadAfter: "4s",
        ...(onConnection ? { onConnection } : {}),
      },
    );
  }

  /** Headers that let us fetch what is at this path, once. */
  credentials(path: string): Record<string, string> {
    const { own, signer, token, now } = this.#options;
    if (signer === null) return token === null ? {} : { authorization: `Bearer ${token}` };
    const hello = { from: own, to: this.node, at: now(), nonce: signer.nonce() };
    return { [NODE_HEADER]: nodeHeader(hello, path, signer) };
  }

  /** Of that node alone. @throws what it answers; unavailable, also when it takes too long. */
  async ask(op: AskOp, about: OpArguments = {}, options: AskOptions = {}): Promise<unknown> {
    const limit = op === "wait" ? {} : { callTimeout: ANSWER_WITHIN };
    return this.#guard(() => this.#caller.ask(op, { ...about, local: true }, { ...limit, ...options }));
  }

  /** @throws as {@link ask} */
  async submit(action: string, payload: unknown, options: CallOptions): Promise<Submitted> {
    return this.#guard(() =>
      this.#caller.submit(action, payload, { ...options, local: true, callTimeout: ANSWER_WITHIN }),
    );
  }

  /** @throws as {@link ask} */
  async run(action: string, payload: unknown, options: CallOptions): Promise<unknown> {
    return this.#guard(() => this.#caller.run(action, payload, { ...options, local: true }));
  }

  /** Who waits for an answer of that node is told `unavailable`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#whenUp.resolve();
    this.#poke();
    await this.#caller.close({ now: true });
    await this.#looking;
  }

  async #guard<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#isUp) throw this.unavailable(this.#why ?? "it is not there");
    try {
      return await ask();
    } catch (error) {
      throw this.#told(error);
    }
  }

  unavailable(why: string, cause?: unknown): TandaError {
    return new TandaError("unavailable", `Node ${this.node} at ${this.address} does not answer: ${why}`, {
      hint: "What it accepted is safe with it; ask again when it is back. `tanda nodes` tells which nodes are up.",
      retryAfterMs: RETRY_AFTER_MS,
      cause,
    });
  }

  #told(error: unknown): unknown {
    if (error instanceof DOMException && error.name === "TimeoutError")
      return this.unavailable("it took too long", error);
    if (!(error instanceof TandaError)) return error;
    // Not the client's token: ours.
    const isOurs =
      error.code === "unavailable" || error.code === "unauthorized" || error.code === "forbidden";
    return isOurs ? this.unavailable(error.message, error) : error;
  }

  async #look(): Promise<void> {
    while (!this.#isClosed) {
      const poked = new Promise<void>((resolve) => (this.#poke = resolve));
      try {
        this.#judge((await this.#caller.ask("ping", {}, { callTimeout: LOOK_WITHIN })) as PingView);
      } catch (error) {
        this.#down(error instanceof Error ? error.message : String(error));
      }
      await Promise.race([poked, pause(this.#isUp ? LOOK_EVERY_MS : LOOK_AGAIN_MS)]);
    }
  }

  /** Tasks must not go to a node for another: a wrong address is as good as none. */
  #judge({ node, state }: PingView): void {
    if (node !== this.node) this.#down(`there is node ${node} at its address`);
    else if (state === "draining") this.#down("it is stopping");
    else if (!this.#isUp && !this.#isClosed) {
      this.#isUp = true;
      this.#why = null;
      this.#options.log.info({ node: this.node, address: this.address }, "a peer is up");
      this.#whenUp.resolve();
    }
  }

  #down(why: string): void {
    if (this.#isClosed || (!this.#isUp && this.#why === why)) return;
    if (this.#isUp) this.#whenUp = Promise.withResolvers();
    this.#isUp = false;
    this.#why = why;
    this.#options.log.warn({ node: this.node, address: this.address, why }, "a peer is down");
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
