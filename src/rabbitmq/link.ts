/**
 * A connection to RabbitMQ that comes back: whichever address answers, with pauses that double and vary, until closed. An open
 * connection is told only after `onUp` has set up what is needed on it; when that fails, another is tried.
 */
import type { Socket } from "node:net";
import { connect, type Channel, type ChannelModel } from "amqplib";
import type { RabbitMQAddress } from "./address.ts";

export type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from "amqplib";

const CONNECT_MS = 5000;
const SETUP_MS = 15_000;
const CLOSE_MS = 2000;
const HEARTBEAT_S = 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export type LinkOptions = {
  address: RabbitMQAddress;
  /** Seen by who looks at the broker's connections. */
  name: string;
  random: () => number;
  onUp: (connection: ChannelModel) => Promise<void>;
  onDown: (error: unknown) => void;
  /** The broker takes nothing more for now, and why; null when it does again. */
  onBlocked?: (reason: string | null) => void;
  onError: (error: unknown) => void;
};

export class RabbitMQLink {
  readonly #options: LinkOptions;
  #connection: ChannelModel | null = null;
  #isUp = false;
  #isClosed = false;
  #pause: NodeJS.Timeout | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #next: number;
  #trying: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
    // Processes spread over the nodes of a cluster.
    this.#next = Math.floor(options.random() * options.address.hosts.length);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when the first try has ended, well or not. */
  open(): Promise<void> {
    if (!this.#isClosed) this.#trying = this.#try();
    return this.#trying;
  }

  /** Another connection instead of this one, which says nothing any more. */
  drop(reason: string): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#down(connection, new Error(reason));
    void end(connection);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    await this.#trying;
    const connection = this.#connection;
    this.#connection = null;
    this.#isUp = false;
    if (connection) await end(connection);
  }

  async #try(): Promise<void> {
    let connection: ChannelModel | undefined;
    try {
      connection = await this.#connect();
      const opened = connection;
      this.#connection = opened;
      gatherWrites(opened);
      opened.on("error", (error: Error) => this.#down(opened, error));
      opened.on("close", (error?: Error) => this.#down(opened, error ?? new Error("closed by the broker")));
      opened.on("blocked", (reason: string) => this.#options.onBlocked?.(reason));
      opened.on("unblocked", () => this.#options.onBlocked?.(null));
      await within(
        SETUP_MS,
        this.#options.onUp(opened),
        "RabbitMQ did not answer while a connection was set up",
      );
      if (this.#connection !== opened) throw new Error("RabbitMQ closed the connection while it was set up");
      this.#isUp = true;
      this.#pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      if (connection === undefined) this.#options.onError(error);
      if (connection === undefined || this.#connection === connection) this.#down(connection ?? null, error);
      if (connection) void end(connection);
    }
  }

  async #connect(): Promise<ChannelModel> {
    const { address, name } = this.#options;
    const { host, port } = address.hosts[this.#next++ % address.hosts.length]!;
    return connect(
      {
        protocol: address.isSecure ? "amqps" : "amqp",
        hostname: host,
        port,
        username: address.user,
        password: address.password(),
        vhost: encodeURIComponent(address.vhost),
        heartbeat: HEARTBEAT_S,
      },
      { noDelay: true, keepAlive: true, timeout: CONNECT_MS, clientProperties: { connection_name: name } },
    );
  }

  /** @param connection null when there was none. */
  #down(connection: ChannelModel | null, error: unknown): void {
    if (this.#connection !== connection || this.#isClosed) return;
    this.#connection = null;
    this.#isUp = false;
    if (connection) this.#options.onDown(error);
    const pause = this.#pauseMs * (0.5 + this.#options.random());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#pause = setTimeout(() => void this.open(), pause);
  }
}

/** A channel whose end is told once, whatever it was. */
export async function openChannel<C extends Channel>(
  opening: Promise<C>,
  onEnd: (error: Error | null) => void,
): Promise<C> {
  const channel = await opening;
  let failure: Error | null = null;
  // Without a listener an error would end the process.
  channel.on("error", (error: Error) => (failure = error));
  channel.once("close", () => onEnd(failure));
  return channel;
}

/** A broker that lives may still never answer: a queue without a leader, a node that was stopped. */
export async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

async function end(connection: ChannelModel): Promise<void> {
  connection.removeAllListeners();
  connection.on("error", () => {});
  try {
    await within(CLOSE_MS, connection.close(), "RabbitMQ did not answer the goodbye");
  } catch {
    // It is closed already, or says nothing: then its socket must not stay.
    socketOf(connection)?.destroy();
  }
}

/** The client writes every frame by itself. Those of one turn go out together: a write to the system costs as much as several tasks. */
function gatherWrites(connection: ChannelModel): void {
  const socket = socketOf(connection);
  if (socket === undefined) return;
  const write = socket.write.bind(socket);
  socket.write = (bytes: Buffer) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return write(bytes);
  };
}

/** The client hides it, and has no other way to let go of a peer that is silent. */
function socketOf(connection: ChannelModel): Socket | undefined {
  const { stream } = connection.connection as unknown as { stream?: Socket };
  return typeof stream?.destroy === "function" ? stream : undefined;
}
