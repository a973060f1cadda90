/**
 * The queue in a table of PostgreSQL, for those who have no broker. Publishing and taking have a connection each, so that neither waits
 * for the other, and who takes has a third, to be told where something is.
 */
import { channelName } from "../postgres/channel.ts";
import type { Connection } from "../postgres/connect.ts";
import { PostgresLink, type LinkOptions } from "../postgres/link.ts";
import { migrate, readVersion } from "../postgres/migrate.ts";
import { PRIORITIES } from "../task/task.ts";
import { ParcelQueue, type Landing, type Transport, type Waiting } from "./parcel-queue.ts";
import { PostgresConsumer, type Held } from "./postgres-consumer.ts";
import { PostgresDepths } from "./postgres-depths.ts";
import { readNotice } from "./postgres-notice.ts";
import type { PostgresQueueOptions } from "./postgres-options.ts";
import { PostgresPublisher } from "./postgres-publisher.ts";
import { QUEUE_TABLES } from "./postgres-schema.ts";
import { BUFFER_BYTES, BUFFER_TASKS, CONFIRM_MS, PREFETCH, type RemoteQueue } from "./remote-queue.ts";

export type PostgresQueue = RemoteQueue;

const TAKEN_MS = 20_000;
/** No commit waits for the disk: nothing is promised here. */
const SETTINGS = "-c synchronous_commit=off";

/** Makes its table where there is none. Resolves after the first try to connect, also when that failed: then it goes on trying. */
export async function openPostgresQueue(options: PostgresQueueOptions): Promise<PostgresQueue> {
  const queue = new ParcelQueue<Held>(options, (landing) => new PostgresTransport(options, landing));
  await queue.open();
  return queue;
}

class PostgresTransport implements Transport {
  readonly publisher: PostgresPublisher;
  readonly #options: PostgresQueueOptions;
  readonly #publishing: PostgresLink;
  readonly #depths: PostgresDepths;
  readonly #taking: PostgresLink;
  readonly #listening: PostgresLink;
  readonly #consumer: PostgresConsumer;
  #publisherId: number | null = null;

  constructor(options: PostgresQueueOptions, landing: Landing<Held>) {
    const { observer, address, random, name } = options;
    this.#options = options;
    const channel = channelName(address.schema, "queue");
    const onError = (error: unknown): void => observer.trouble(error);
    this.#publishing = this.#link("publishing", {
      setUp: (connection) => {
        this.#publisherId = backendId(connection);
        return this.#makeTables(connection);
      },
      onUp: () => {
        this.publisher.flushSoon();
        void this.#depths.refresh();
      },
    });
    this.publisher = new PostgresPublisher({
      link: this.#publishing,
      channel,
      tasksAtOnce: options.tasksAtOnce ?? ((): number => Infinity),
      hasOwnLane: options.hasOwnLane ?? ((): boolean => false),
      limits: { tasks: options.bufferTasks ?? BUFFER_TASKS, bytes: options.bufferBytes ?? BUFFER_BYTES },
      confirmMs: options.confirmMs ?? CONFIRM_MS,
      onPublished: (lanes) => this.#isConsumer && this.#consumer.hint(lanes),
      onUnpublished: (messages, why) => observer.unpublished(messages, why),
      onBlocked: landing.block,
      onError,
    });
    this.#depths = new PostgresDepths(this.#publishing);
    this.#taking = this.#link("taking", {
      setUp: (connection) => this.#makeTables(connection),
      onUp: () => this.#consumer.up(),
      onDown: () => this.#consumer.down(),
    });
    this.#listening = this.#link("listening", {
      setUp: (connection) => this.#listen(connection, channel),
      onUp: () => this.#consumer.look(),
    });
    this.#consumer = new PostgresConsumer({
      link: this.#taking,
      intake: landing.intake,
      taker: `${name} ${Math.floor(random() * 2 ** 48).toString(36)}`,
      takenMs: options.takenMs ?? TAKEN_MS,
      prefetch: options.prefetch ?? PREFETCH,
      random,
      isWanted: landing.isWanted,
      isListening: () => this.#listening.isUp,
      announce: landing.announce,
      onUnreadable: (what) => observer.unreadable(what),
      onError,
    });
  }

  get isPublishing(): boolean {
    return this.#publishing.isUp;
  }

  get isConsuming(): boolean {
    return this.#consumer.isWell;
  }

  async open(): Promise<void> {
    const consuming = this.#isConsumer ? [this.#taking.open(), this.#listening.open()] : [];
    await Promise.all([this.#publishing.open(), ...consuming]);
  }

  serve(queues: readonly string[]): void {
    if (!this.#isConsumer) return;
    const priorities = PRIORITIES.map((_, priority) => priority);
    this.#consumer.hint(queues.flatMap((name) => priorities.map((priority) => ({ name, priority }))));
  }

  want(): void {
    this.#consumer.look();
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }

  waiting(): Map<string, Waiting> {
    return this.#depths.waiting;
  }

  async close(): Promise<void> {
    this.#depths.close();
    await this.#consumer.close();
    await Promise.all([this.#publishing.close(), this.#taking.close(), this.#listening.close()]);
  }

  get #isConsumer(): boolean {
    return this.#options.consumes ?? true;
  }

  async #makeTables(connection: Connection): Promise<void> {
    const { schema } = this.#options.address;
    const version = await readVersion(connection, schema, QUEUE_TABLES);
    if (version !== QUEUE_TABLES.steps.length) await migrate(connection, schema, QUEUE_TABLES);
  }

  async #listen(connection: Connection, channel: string): Promise<void> {
    connection.on("notification", ({ processId, payload }) => {
      // Of what was published here the publisher has told.
      if (processId === this.#publisherId) return;
      const lanes = readNotice(payload ?? "");
      if (lanes === null) this.#consumer.look();
      else this.#consumer.hint(lanes);
    });
    await connection.query(`listen ${channel}`);
  }

  #link(duty: string, events: Pick<LinkOptions, "setUp" | "onUp"> & { onDown?: () => void }): PostgresLink {
    const { address, name, random, observer } = this.#options;
    return new PostgresLink({
      address,
      random,
      name: `${name}, ${duty}`,
      settings: SETTINGS,
      ...events,
      onDown: (error) => {
        events.onDown?.();
        observer.trouble(error);
      },
      onError: (error) => observer.trouble(error),
    });
  }
}

/** Which session it is, as its notices say. */
function backendId(connection: Connection): number | null {
  return (connection as unknown as { processID: number | null }).processID;
}
