/**
 * A connection to PostgreSQL that comes back: whichever address answers, with pauses that double and vary, until closed. It is up when
 * `setUp` has done what it needs. It is asked for a sign of life when it is idle: a peer that is gone without a word is noticed.
 */
import type { QueryConfig, QueryResultRow } from "pg";
import { placesOf, type PostgresAddress } from "./address.ts";
import { connect, drop, end, type Connection } from "./connect.ts";
import { isSaidByServer, unavailable } from "./errors.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const PING_MS = 5000;

export type LinkOptions = {
  address: PostgresAddress;
  /** Shown by PostgreSQL as the application's. */
  name: string;
  /** More settings of the session, as `-c name=value`. */
  settings: string;
  random: () => number;
  /** Whatever a connection needs before it is of use. */
  setUp: (connection: Connection) => Promise<void>;
  onUp: () => void;
  onDown: (error: unknown) => void;
  /** It could not be had; it is tried again. */
  onError: (error: unknown) => void;
};

export class PostgresLink {
  readonly #options: LinkOptions;
  readonly #ping: NodeJS.Timeout;
  #connection: Connection | null = null;
  #isUp = false;
  #isClosed = false;
  #isUsed = false;
  #pause: NodeJS.Timeout | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #trying: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#ping = setInterval(() => this.#askForLife(), PING_MS);
    this.#ping.unref();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when the first try has ended, well or not. */
  open(): Promise<void> {
    if (!this.#isClosed) this.#trying = this.#try();
    return this.#trying;
  }

  /** @throws unavailable when it is not up; what PostgreSQL or the way to it threw. */
  async query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    const connection = this.#connection;
    if (connection === null || !this.#isUp) throw unavailable("PostgreSQL cannot be reached just now");
    this.#isUsed = true;
    try {
      return (await connection.query<Row>(query)).rows;
    } catch (error) {
      if (!isSaidByServer(error)) this.#down(connection, error);
      throw error;
    }
  }

  /** Another connection instead of this one, which says nothing any more. */
  drop(reason: string): void {
    if (this.#connection !== null) this.#down(this.#connection, new Error(reason));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#ping);
    if (this.#pause !== null) clearTimeout(this.#pause);
    await this.#trying;
    const connection = this.#connection;
    this.#connection = null;
    this.#isUp = false;
    if (connection) await end(connection);
  }

  async #try(): Promise<void> {
    const { address, name, settings } = this.#options;
    let connection: Connection;
    try {
      connection = await connect({ address, name, settings });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.onError(
        unavailable(`PostgreSQL at ${placesOf(address)} cannot be reached: ${why}`, error),
      );
      return this.#later();
    }
    this.#connection = connection;
    connection.on("error", (error) => this.#down(connection, error));
    connection.on("end", () => this.#down(connection, new Error("PostgreSQL closed the connection")));
    try {
      await this.#options.setUp(connection);
    } catch (error) {
      return this.#down(connection, error);
    }
    if (this.#connection !== connection) return;
    this.#isUp = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#options.onUp();
  }

  #down(connection: Connection, error: unknown): void {
    if (this.#connection !== connection || this.#isClosed) return;
    this.#connection = null;
    this.#isUp = false;
    drop(connection);
    this.#options.onDown(error);
    this.#later();
  }

  #later(): void {
    if (this.#isClosed) return;
    const pause = this.#pauseMs * (0.5 + this.#options.random());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#pause = setTimeout(() => void this.open(), pause);
  }

  #askForLife(): void {
    const wasUsed = this.#isUsed;
    this.#isUsed = false;
    // Its failure is told by what it does to the connection.
    if (this.#isUp && !wasUsed) this.query({ text: "select 1" }).catch(() => {});
  }
}

/** A server that lives may still never answer. */
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
