/**
 * Watching from anywhere: who watches here says so to all others, again and again; and each sends what happens with it to those who
 * said so lately. Events are for looking on: when there are more than travel well, some are left out, and their number is told.
 */
import { type Hint, MAX_HINT_CHARS } from "../bus/bus.ts";
import type { WatchFilter, WatchListener } from "../engine/engine.ts";
import type { Watchers } from "../engine/watchers.ts";
import type { WatchEvent } from "../protocol/messages.ts";

const SAY_EVERY_MS = 5000;
const BELIEVED_MS = 15_000;
const BUDGET_MS = 100;
const BUDGET_EVENTS = 400;
const FRAME_CHARS = 200;

type Wish = { readonly filter: WatchFilter; readonly listener: WatchListener };
type Guest = { until: number; stop: () => void; left: number; missed: number };

export type WatchRelayOptions = {
  watchers: Watchers;
  /** To one address, or to all. */
  tell: (address: string | null, hint: Hint) => void;
  address: string;
  now: () => number;
};

export class WatchRelay {
  readonly #options: WatchRelayOptions;
  readonly #wishes = new Map<number, Wish>();
  readonly #guests = new Map<string, Guest>();
  readonly #timers: NodeJS.Timeout[];
  #lastId = 0;

  constructor(options: WatchRelayOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#sayAll(), SAY_EVERY_MS),
      setInterval(() => this.#grantAll(), BUDGET_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** What happens elsewhere comes to `listener`, until stopped or told as the last. */
  want(filter: WatchFilter, listener: WatchListener): { stop: () => void } {
    const id = ++this.#lastId;
    this.#wishes.set(id, { filter, listener });
    this.#say(id, filter);
    return {
      stop: () => {
        if (this.#wishes.delete(id)) this.#options.tell(null, { ...this.#about(id), type: "unwatch" });
      },
    };
  }

  /** @returns whether it was one of ours. */
  hear(hint: Hint): boolean {
    if (hint.type === "watch") this.#welcome(hint);
    else if (hint.type === "unwatch") this.#dismiss(`${String(hint["watch"])} ${String(hint["from"])}`);
    else if (hint.type === "events") this.#deliver(hint);
    else return false;
    return true;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const name of this.#guests.keys()) this.#dismiss(name);
    this.#wishes.clear();
  }

  #about(id: number): { watch: number; from: string } {
    return { watch: id, from: this.#options.address };
  }

  #say(id: number, filter: WatchFilter): void {
    this.#options.tell(null, { ...this.#about(id), type: "watch", filter });
  }

  #sayAll(): void {
    for (const [id, { filter }] of this.#wishes) this.#say(id, filter);
    const now = performance.now();
    for (const [name, { until }] of this.#guests) if (until < now) this.#dismiss(name);
  }

  #welcome(hint: Hint): void {
    const { watch, from, filter } = hint as Partial<{ watch: number; from: string; filter: WatchFilter }>;
    if (typeof watch !== "number" || typeof from !== "string" || typeof filter !== "object") return;
    const name = `${watch} ${from}`;
    const until = performance.now() + BELIEVED_MS;
    const known = this.#guests.get(name);
    if (known) {
      known.until = until;
      return;
    }
    const guest: Guest = { until, stop: () => {}, left: BUDGET_EVENTS, missed: 0 };
    const watching = this.#options.watchers.add(filter, (events, isLast) => {
      this.#send(from, watch, guest, events, isLast);
      if (isLast) this.#dismiss(name);
    });
    guest.stop = watching.stop;
    this.#guests.set(name, guest);
  }

  #dismiss(name: string): void {
    this.#guests.get(name)?.stop();
    this.#guests.delete(name);
  }

  #grantAll(): void {
    for (const guest of this.#guests.values()) guest.left = BUDGET_EVENTS;
  }

  #send(to: string, watch: number, guest: Guest, events: readonly WatchEvent[], isLast: boolean): void {
    const taken = isLast ? events : events.slice(0, guest.left);
    guest.left -= taken.length;
    guest.missed += events.length - taken.length;
    const fitting = taken.map(fit);
    if (guest.missed > 0 && guest.left > 0) {
      fitting.push({ type: "missed", at: this.#options.now(), count: guest.missed });
      guest.missed = 0;
    }
    let batch: WatchEvent[] = [];
    let chars = FRAME_CHARS;
    const flush = (last: boolean): void => {
      if (batch.length > 0 || last) this.#options.tell(to, { type: "events", watch, events: batch, last });
      batch = [];
      chars = FRAME_CHARS;
    };
    for (const event of fitting) {
      const size = JSON.stringify(event).length + 1;
      if (chars + size > MAX_HINT_CHARS) flush(false);
      batch.push(event);
      chars += size;
    }
    flush(isLast);
  }

  #deliver(hint: Hint): void {
    const { watch, events, last } = hint as Partial<{ watch: number; events: WatchEvent[]; last: boolean }>;
    const wish = this.#wishes.get(watch ?? 0);
    if (!wish || !Array.isArray(events)) return;
    if (last === true) this.#wishes.delete(watch!);
    wish.listener(events, last === true);
  }
}

/** Without the row, which may be long: whoever wants it asks for it. */
function fit(event: WatchEvent): WatchEvent {
  if (JSON.stringify(event).length <= MAX_HINT_CHARS - FRAME_CHARS) return event;
  if (event.type !== "state") return { type: "missed", at: "at" in event ? event.at : 0, count: 1 };
  const { view: _view, ...rest } = event;
  return rest;
}
