/** How much waits in the broker, asked now and then: it counts messages, so tasks are an estimate by how many travelled together. */
import { openChannel, within, type Channel, type ChannelModel } from "../rabbitmq/link.ts";
import { queueName } from "./rabbitmq-topology.ts";
import { queueOf, type RemoteLane } from "./remote-lane.ts";

const EVERY_MS = 5000;
const ANSWER_MS = 5000;
const DOUBT_MS = 1000;
const NEW_SHARE = 0.1;

export type DepthsOptions = {
  prefix: string;
  lanes: () => readonly RemoteLane[];
  /** It is not there. */
  onMissing: (lane: RemoteLane) => void;
  /** So many messages wait in it. @returns whether that is odd: then it is asked again soon. */
  onWaiting: (lane: RemoteLane, messages: number) => boolean;
};

export class Depths {
  readonly #options: DepthsOptions;
  readonly #waiting = new Map<string, number>();
  readonly #tasksEach = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #connection: ChannelModel | null = null;
  #channel: Channel | null = null;
  #again: NodeJS.Timeout | null = null;
  #isAsking = false;

  constructor(options: DepthsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.refresh(), EVERY_MS);
    this.#timer.unref();
  }

  up(connection: ChannelModel): void {
    this.#connection = connection;
  }

  down(): void {
    this.#connection = null;
    this.#channel = null;
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#again !== null) clearTimeout(this.#again);
    this.down();
  }

  /** A message of this lane carried so many. */
  learn(lane: RemoteLane, tasks: number): void {
    const name = queueName(this.#options.prefix, lane);
    const mean = this.#tasksEach.get(name) ?? tasks;
    this.#tasksEach.set(name, mean + (tasks - mean) * NEW_SHARE);
  }

  /** By queue, all priorities together. */
  byQueue(): Map<string, number> {
    const byQueue = new Map<string, number>();
    for (const lane of this.#options.lanes()) {
      const name = queueName(this.#options.prefix, lane);
      const tasks = (this.#waiting.get(name) ?? 0) * (this.#tasksEach.get(name) ?? 1);
      const queue = queueOf(lane);
      if (tasks > 0) byQueue.set(queue, (byQueue.get(queue) ?? 0) + Math.round(tasks));
    }
    return byQueue;
  }

  async refresh(): Promise<void> {
    if (this.#isAsking || this.#connection === null) return;
    this.#isAsking = true;
    for (const lane of this.#options.lanes()) {
      const connection = this.#connection as ChannelModel | null;
      if (connection === null) break;
      await this.#ask(connection, lane);
    }
    this.#isAsking = false;
  }

  async #ask(connection: ChannelModel, lane: RemoteLane): Promise<void> {
    const name = queueName(this.#options.prefix, lane);
    try {
      const channel = this.#channel ?? (await this.#open(connection));
      const { messageCount } = await within(ANSWER_MS, channel.checkQueue(name), `no answer for ${name}`);
      this.#waiting.set(name, messageCount);
      if (this.#options.onWaiting(lane, messageCount)) this.#askAgain();
    } catch (error) {
      this.#channel?.close().catch(() => {});
      this.#channel = null;
      this.#waiting.delete(name);
      if ((error as { code?: unknown }).code === 404) this.#options.onMissing(lane);
    }
  }

  #askAgain(): void {
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.refresh(), DOUBT_MS);
    this.#again.unref();
  }

  async #open(connection: ChannelModel): Promise<Channel> {
    const channel = await openChannel(connection.createChannel(), () => {
      if (this.#channel === channel) this.#channel = null;
    });
    return (this.#channel = channel);
  }
}
