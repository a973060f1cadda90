/**
 * A few connections to one server, made when needed. The addresses are tried in turn; where all fail, nobody tries again before a
 * while has passed that doubles and has jitter, and who asks meanwhile is refused at once with `unavailable`.
 */
import { placesOf, type PostgresAddress } from "./address.ts";
import { connect, drop, end, type Connection } from "./connect.ts";
import { isSaidByServer, unavailable } from "./errors.ts";

export type { Connection } from "./connect.ts";

export type Timing = {
  /** Milliseconds of a clock that only measures. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
};

const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 5000;

export class PostgresPool {
  readonly #address: PostgresAddress;
  readonly #name: string;
  readonly #size: number;
  readonly #timing: Timing;
  readonly #idle: Connection[] = [];
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #busy = 0;
  #failures = 0;
  #restsUntil = 0;
  #isClosed = false;

  /** @param name shown by PostgreSQL as the application's. */
  constructor(address: PostgresAddress, name: string, size: number, timing: Timing) {
    this.#address = address;
    this.#name = name;
    this.#size = size;
    this.#timing = timing;
  }

  /** A connection is for one use at a time. One that failed, and did not merely say no, is thrown away. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#turn();
    let connection: Connection | null = null;
    try {
      connection = this.#idle.pop() ?? (await this.#connect());
      const result = await work(connection);
      this.#giveBack(connection);
      return result;
    } catch (error) {
      if (connection !== null) {
        if (isSaidByServer(error)) this.#giveBack(connection);
        else drop(connection);
      }
      throw error;
    } finally {
      this.#busy--;
      this.#waiting.shift()?.resolve();
    }
  }

  /** As {@link use}, once more on a new connection where the first was broken: only for what may be done twice. */
  async useAgain<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await this.use(work);
    } catch (error) {
      if (this.#isClosed || isSaidByServer(error) || this.#timing.now() < this.#restsUntil) throw error;
      return this.use(work);
    }
  }

  /** What is under way ends first, where the caller waits for it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
    await Promise.all(this.#idle.splice(0).map(end));
  }

  async #turn(): Promise<void> {
    while (!this.#isClosed && this.#busy >= this.#size) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    if (this.#isClosed) throw closed();
    this.#busy++;
  }

  #giveBack(connection: Connection): void {
    if (this.#isClosed) void end(connection);
    else this.#idle.push(connection);
  }

  async #connect(): Promise<Connection> {
    const restMs = this.#restsUntil - this.#timing.now();
    if (restMs > 0) throw unavailable("The store cannot be reached just now", undefined, Math.ceil(restMs));
    try {
      const connection = await connect({ address: this.#address, name: this.#name });
      // One that breaks while idle is no longer to be had.
      connection.on("error", () => {
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      });
      this.#failures = 0;
      return connection;
    } catch (error) {
      throw this.#rest(error);
    }
  }

  #rest(failure: unknown): Error {
    const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(this.#failures++, 16));
    this.#restsUntil = this.#timing.now() + rest * (0.5 + this.#timing.random());
    const why = failure instanceof Error ? failure.message : String(failure);
    return unavailable(`The store at ${placesOf(this.#address)} cannot be reached: ${why}`, failure);
  }
}

export function closed(): Error {
  return unavailable("The store is closed");
}
