/**
 * Which queues there are: no client of RabbitMQ can list them. Whoever publishes to one says so to all, again from time to time, and
 * when a newcomer asks. Whoever hears nothing learns the names from the store (`serve` of the driver).
 */
import { openChannel, type Channel, type ChannelModel } from "../rabbitmq/link.ts";
import { directoryName } from "./rabbitmq-topology.ts";
import { keyOf, type RemoteLane } from "./remote-lane.ts";

const AGAIN_MS = 10_000;
/** Names come from outside: more than these are not consumed, and the store's claims must do. */
const MOST_LANES = 4000;

type Notice = { v: 1; asks: boolean; lanes: [name: string, priority: number][] };

export class Directory {
  readonly #exchange: string;
  readonly #onLane: (lane: RemoteLane) => void;
  readonly #lanes = new Map<string, RemoteLane>();
  /** Of these it is known that somebody has declared them. */
  readonly #there = new Set<string>();
  readonly #again: NodeJS.Timeout;
  #channel: Channel | null = null;

  constructor(prefix: string, onLane: (lane: RemoteLane) => void) {
    this.#exchange = directoryName(prefix);
    this.#onLane = onLane;
    this.#again = setInterval(() => this.#tellAll(false), AGAIN_MS);
    this.#again.unref();
  }

  lanes(): RemoteLane[] {
    return [...this.#lanes.values()];
  }

  /** It stands in the broker, and is published to: all are told. */
  add(lane: RemoteLane): void {
    this.#know(lane);
    this.#tell([lane], false);
  }

  /**
   * There may be such a one. Nobody is told: of two that declare a new queue together, one finds it without a leader, and the broker
   * ends its connection.
   */
  learn({ name, priority }: RemoteLane): void {
    const key = keyOf({ name, priority });
    if (this.#lanes.has(key) || this.#lanes.size >= MOST_LANES) return;
    const lane = { name, priority };
    this.#lanes.set(key, lane);
    this.#onLane(lane);
  }

  async up(connection: ChannelModel): Promise<void> {
    const channel = await openChannel(connection.createChannel(), () => {
      if (this.#channel === channel) this.#channel = null;
    });
    await channel.assertExchange(this.#exchange, "fanout", { durable: true });
    const { queue } = await channel.assertQueue("", { exclusive: true, durable: false });
    await channel.bindQueue(queue, this.#exchange, "");
    await channel.consume(queue, (message) => message && this.#hear(message.content), { noAck: true });
    this.#channel = channel;
    this.#tellAll(true);
  }

  down(): void {
    this.#channel = null;
  }

  close(): void {
    clearInterval(this.#again);
    this.#channel = null;
  }

  #know(lane: RemoteLane): void {
    this.learn(lane);
    if (this.#lanes.has(keyOf(lane))) this.#there.add(keyOf(lane));
  }

  #tellAll(asks: boolean): void {
    const lanes = this.lanes().filter((lane) => this.#there.has(keyOf(lane)));
    this.#tell(lanes, asks);
  }

  #tell(lanes: readonly RemoteLane[], asks: boolean): void {
    if (this.#channel === null || (lanes.length === 0 && !asks)) return;
    const notice: Notice = { v: 1, asks, lanes: lanes.map(({ name, priority }) => [name, priority]) };
    try {
      this.#channel.publish(this.#exchange, "", Buffer.from(JSON.stringify(notice)));
    } catch {
      // Closed in this very turn; it is told again.
    }
  }

  #hear(bytes: Buffer): void {
    const notice = parse(bytes);
    if (notice === null) return;
    // Not passed on, or all would answer all.
    for (const [name, priority] of notice.lanes) this.#know({ name, priority });
    if (notice.asks && notice.lanes.length < this.#there.size) this.#tellAll(false);
  }
}

/** @returns null for what another version may understand. */
function parse(bytes: Buffer): Notice | null {
  try {
    const notice = JSON.parse(bytes.toString("utf8")) as Partial<Notice> | null;
    if (notice?.v !== 1 || !Array.isArray(notice.lanes)) return null;
    const lanes = notice.lanes.filter(
      ([name, priority]) => typeof name === "string" && [0, 1, 2, 3].includes(priority),
    );
    return { v: 1, asks: notice.asks === true, lanes };
  } catch {
    return null;
  }
}
