/**
 * What was sent from here, kept by the browser until its end was seen: it outlives the tab, the battery and a day in a tunnel, and is
 * the same in all tabs. The client of the SDK sends again what lies in memory; this is for what memory forgets.
 *
 * Each has an idempotency key, made before anything is sent. So it does no harm when two tabs send it, or when one sends it again
 * that never heard the answer. A task id would not do: nodes take none that is more than a day old.
 */
import type { SubmitOptions } from "../../../src/protocol/messages.ts";

export type Entry = {
  readonly key: string;
  readonly action: string;
  /** Let go once a node has it. */
  readonly payload?: unknown;
  /** A `key` among them takes the place of this one's own. */
  readonly options?: SubmitOptions;
  /** When it was sent, as the person sees it; epoch milliseconds, like all of these. */
  readonly at: number;
  /** When it was first handed to a connection: from then on it may have run. */
  readonly triedAt?: number;
  /** A node has accepted it. */
  readonly task?: string;
  /** A node will not have it, now or later; `path` is where the payload is wrong. */
  readonly refusal?: { readonly code: string; readonly message: string; readonly path?: string };
};

const PREFIX = "tanda.outbox.";
export const MAX_WAITING = 100;
/** Browsers keep about five million for a site. */
const MAX_CHARACTERS = 2_000_000;
/** Of those whose end nobody has looked at. */
const MAX_ACCEPTED = 20;
/** Nodes forget a finished task, and its key with it, after seven days unless told otherwise. A repeat would run then. */
const SAFE_MS = 6 * 86_400_000;

export class OutboxFull extends Error {}

export class Outbox {
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #entries: readonly Entry[];

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#entries = this.#read();
  }

  /** Oldest first; the same object until something changes. */
  readonly entries = (): readonly Entry[] => this.#entries;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another tab has changed something; without a key it emptied all. */
  readonly reload = ({ key }: { readonly key: string | null }): void => {
    if (key === null) this.#tell(this.#read());
    else if (key.startsWith(PREFIX)) this.#put(key.slice(PREFIX.length), this.#one(key));
  };

  /** @returns the key it has from now on. @throws OutboxFull */
  keep(action: string, payload: unknown, options: SubmitOptions = {}): string {
    const key = newKey();
    const entry: Entry = { key, action, payload, options, at: Date.now() };
    const text = JSON.stringify(entry);
    const waiting = this.#entries.filter(isWaiting);
    const kept = waiting.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
    if (waiting.length >= MAX_WAITING || kept + text.length > MAX_CHARACTERS) throw new OutboxFull();
    this.#write(entry, text);
    return key;
  }

  /** Nothing, when it was removed meanwhile, here or in another tab. */
  update(key: string, change: Partial<Entry>): void {
    const entry = this.#one(PREFIX + key);
    if (entry === null) return;
    this.#write({ ...entry, ...change });
    const accepted = this.#entries.filter(({ task }) => task !== undefined);
    for (const old of accepted.slice(0, -MAX_ACCEPTED)) this.remove(old.key);
  }

  /** What was held back or refused may go once more, since the person says so. */
  renew({ key, action, payload, options = {}, at }: Entry): void {
    this.#write({ key, action, payload, options, at });
  }

  remove(key: string): void {
    this.#storage.removeItem(PREFIX + key);
    this.#put(key, null);
  }

  #write(entry: Entry, text = JSON.stringify(entry)): void {
    try {
      this.#storage.setItem(PREFIX + entry.key, text);
    } catch (cause) {
      throw new OutboxFull(undefined, { cause });
    }
    this.#put(entry.key, entry);
  }

  #put(key: string, entry: Entry | null): void {
    const others = this.#entries.filter((one) => one.key !== key);
    this.#tell(entry === null ? others : [...others, entry].sort(byAge));
  }

  #tell(entries: readonly Entry[]): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }

  #read(): readonly Entry[] {
    const names = Array.from({ length: this.#storage.length }, (_, at) => this.#storage.key(at)!);
    return names
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => this.#one(name))
      .filter((entry) => entry !== null)
      .sort(byAge);
  }

  #one(name: string): Entry | null {
    try {
      return JSON.parse(this.#storage.getItem(name) ?? "null") as Entry | null;
    } catch {
      return null;
    }
  }
}

function byAge(a: Entry, b: Entry): number {
  return a.at - b.at || (a.key < b.key ? -1 : 1);
}

/** No node has said yes or no. */
export function isWaiting({ task, refusal }: Entry): boolean {
  return task === undefined && refusal === undefined;
}

/** It may have run, so long ago that no node would know it again: only the person can tell whether it is to be sent once more. */
export function isHeld(entry: Entry): boolean {
  return isWaiting(entry) && entry.triedAt !== undefined && Date.now() - entry.triedAt > SAFE_MS;
}

/** `crypto.randomUUID` is not there on a page that came without TLS. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
