/**
 * The bus over LISTEN and NOTIFY of PostgreSQL: a channel for each process, by its address, and one for all. PostgreSQL lets only one
 * transaction at a time commit notices, so hints travel packed: while one statement is under way, the next gathers.
 */
import type { PostgresAddress } from "../postgres/address.ts";
import { channelName } from "../postgres/channel.ts";
import type { Connection } from "../postgres/connect.ts";
import { PostgresLink, within } from "../postgres/link.ts";
import { type Bus, type Hint, MAX_HINT_CHARS } from "./bus.ts";
import { type Letter, readLetter, tellHints } from "./letter.ts";

/** A notice must be smaller than 8,000 bytes; this leaves some for the frame. */
const MOST_BYTES = 7800;
/** What waits for its turn; more is not sent. */
const MOST_WAITING_BYTES = 1024 * 1024;
const FAREWELL_MS = 2000;
/** Letters have no line breaks, so all of them are one value, and need no quoting. */
const TELL = `select pg_notify(x.channel, x.letter)
  from unnest($1::text[], string_to_array($2::text, E'\\n')) as x(channel, letter)`;

export type PostgresBusOptions = {
  /** Its schema keeps several Tandas in one database apart. */
  server: PostgresAddress;
  /** Of this process, like no other's. */
  address: string;
  random: () => number;
  onError: (error: unknown) => void;
};

/** Resolves after the first try to connect, also when that failed: then it goes on trying. */
export async function openPostgresBus(options: PostgresBusOptions): Promise<PostgresBus> {
  const bus = new PostgresBus(options);
  await bus.open();
  return bus;
}

export class PostgresBus implements Bus {
  readonly address: string;
  readonly #onError: (error: unknown) => void;
  readonly #schema: string;
  /** Short, where an address may be long. */
  readonly #self: string;
  readonly #toAll: string;
  readonly #sending: PostgresLink;
  readonly #hearing: PostgresLink;
  /** What goes one way, packed; `null` is to all. */
  readonly #boxes = new Map<string | null, Pack[]>();
  #waitingBytes = 0;
  #letters = 0;
  #telling: Promise<void> | null = null;
  #wasUp = false;
  #isClosed = false;
  #listeners: ((hint: Hint) => void)[] = [];
  #gapListeners: (() => void)[] = [];

  constructor({ server, address, random, onError }: PostgresBusOptions) {
    this.address = address;
    this.#onError = onError;
    this.#schema = server.schema;
    this.#self = channelName(server.schema, "one", address);
    this.#toAll = channelName(server.schema, "all");
    const common = { address: server, random, onError, settings: "-c synchronous_commit=off" };
    this.#sending = new PostgresLink({
      ...common,
      name: `${address}, telling`,
      setUp: async () => {},
      onUp: () => {},
      onDown: onError,
    });
    this.#hearing = new PostgresLink({
      ...common,
      name: `${address}, hearing`,
      setUp: (connection) => this.#listen(connection),
      onUp: () => {
        if (this.#wasUp) for (const listener of this.#gapListeners) listener();
        this.#wasUp = true;
      },
      onDown: onError,
    });
  }

  async open(): Promise<void> {
    await Promise.all([this.#sending.open(), this.#hearing.open()]);
  }

  send(address: string, hint: Hint): boolean {
    return this.#post(address, hint);
  }

  broadcast(hint: Hint): boolean {
    return this.#post(null, hint);
  }

  onHint(listener: (hint: Hint) => void): void {
    this.#listeners.push(listener);
  }

  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners = [];
    this.#gapListeners = [];
    if (this.#telling) await within(FAREWELL_MS, this.#telling, "too late").catch(() => {});
    await Promise.all([this.#sending.close(), this.#hearing.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #post(to: string | null, hint: Hint): boolean {
    const text = JSON.stringify(hint);
    if (text.length > MAX_HINT_CHARS || !this.#sending.isUp || this.#isClosed) return false;
    const bytes = Buffer.byteLength(text);
    if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) return false;
    let packs = this.#boxes.get(to);
    if (packs === undefined) this.#boxes.set(to, (packs = []));
    let pack = packs.at(-1);
    if (pack === undefined || !pack.fits(bytes)) packs.push((pack = new Pack()));
    pack.add(text, bytes);
    this.#waitingBytes += bytes;
    this.#telling ??= this.#tell();
    return true;
  }

  /** After this turn's input, all there is; then what has come meanwhile. */
  async #tell(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#boxes.size > 0) {
      const [channels, letters]: [string[], string[]] = [[], []];
      for (const [to, packs] of this.#boxes) {
        const channel = to === null ? this.#toAll : channelName(this.#schema, "one", to);
        for (const { hints } of packs) {
          channels.push(channel);
          // The number makes each another: of two letters that are the same PostgreSQL brings only one.
          letters.push(`{"v":1,"from":"${this.#self}","n":${this.#letters++},"hints":[${hints.join()}]}`);
        }
      }
      this.#boxes.clear();
      this.#waitingBytes = 0;
      try {
        await this.#sending.query({ name: "tell", text: TELL, values: [channels, letters.join("\n")] });
      } catch (error) {
        // Of a connection that is gone its link tells. Hints may be lost.
        if (this.#sending.isUp) this.#onError(error);
      }
    }
    this.#telling = null;
  }

  async #listen(connection: Connection): Promise<void> {
    connection.on("notification", ({ channel, payload }) =>
      this.#hear(payload ?? "", channel === this.#toAll),
    );
    await connection.query(`listen ${this.#self}; listen ${this.#toAll}`);
  }

  #hear(text: string, isToAll: boolean): void {
    let letter: Letter;
    try {
      letter = readLetter(text);
    } catch (error) {
      return this.#onError(error);
    }
    if (isToAll && letter.from === this.#self) return;
    tellHints(letter.hints, this.#listeners, this.#onError);
  }
}

/** The hints of one letter. */
class Pack {
  readonly hints: string[] = [];
  #bytes = 0;

  fits(bytes: number): boolean {
    return this.#bytes + bytes + 1 <= MOST_BYTES;
  }

  add(text: string, bytes: number): void {
    this.hints.push(text);
    this.#bytes += bytes + 1;
  }
}
