/**
 * Keeps one connection to some node of several: opens it when there is work, greets (token, ping), notices when it is dead, and
 * opens the next, waiting longer after each round of refusals. What was under way is the owner's matter: `up` says when to repeat it.
 */
import { TandaError } from "../task/errors.ts";
import { greetingLines, PING_LINE, readGreeting, type Hello } from "./greeting.ts";
import { Pulse } from "./pulse.ts";
import type { Connection, Receiver, Transport } from "./transport.ts";
import { adviceOn } from "./unreachable.ts";

export type LinkOwner = {
  /** A node answered; what waits may be sent. `hello` is what its ping told. */
  up(hello: Hello): void;
  lines(lines: readonly string[]): void;
  /** The connection that was up is gone. */
  down(reason: Error): void;
  /** Nobody can be reached for too long, or we are not let in: what waits must be given up. */
  failed(error: TandaError): void;
  /** Something waits for an answer. */
  isWaiting(): boolean;
};

export type LinkOptions = {
  readonly transports: readonly Transport[];
  readonly token: string | undefined;
  /** How long work may wait while no node can be reached. */
  readonly reconnectForMs: number;
  /** Silence after which a connection counts as dead although something waits; half-way it is asked. */
  readonly deadAfterMs: number;
  readonly now: () => number;
  readonly random: () => number;
};

const OPEN_WITHIN_MS = 5000;
const FIRST_REST_MS = 40;
const LONGEST_REST_MS = 5000;

export class Link {
  readonly #owner: LinkOwner;
  readonly #options: LinkOptions;
  #state: "idle" | "opening" | "up" | "resting" | "closed" = "idle";
  #connection: Connection | null = null;
  /** Counts connections, so that a late word of an old one is known as such. */
  #generation = 0;
  #next = 0;
  /** Rounds of refusals and early losses since a connection last proved useful. */
  #setbacks = 0;
  #refusedInRound = 0;
  #downSince: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pulse: Pulse | null = null;
  #openers: { resolve: () => void; reject: (error: TandaError) => void }[] = [];
  #onClosed: (() => void) | null = null;

  constructor(owner: LinkOwner, options: LinkOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  send(lines: string): void {
    this.#connection?.send(lines);
  }

  /** There is work: connect, unless that is already so. */
  start(): void {
    if (this.#state !== "idle") return;
    this.#downSince = this.#options.now();
    this.#open();
  }

  /** Resolves when up; rejects when every address refused once. */
  open(): Promise<void> {
    if (this.#state === "up") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#openers.push({ resolve, reject });
      this.start();
    });
  }

  /** A real answer came: this connection is good, so the next loss is followed by a prompt try. */
  praise(): void {
    this.#setbacks = 0;
  }

  /** Lets what was sent arrive. Resolves when closed, at the latest after `withinMs`. */
  close(withinMs: number): Promise<void> {
    const connection = this.#connection;
    const wasUp = this.#state === "up";
    this.#state = "closed";
    this.#clearTimers();
    this.#failOpeners(new TandaError("unavailable", "The client was closed."));
    if (!connection) return Promise.resolve();
    if (!wasUp) {
      connection.abort();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => connection.abort(), withinMs);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      connection.close();
    });
  }

  #open(): void {
    const { transports } = this.#options;
    const transport = transports[this.#next % transports.length]!;
    const generation = ++this.#generation;
    const isCurrent = (): boolean => generation === this.#generation;
    let isGreeted = false;
    this.#state = "opening";
    const receiver: Receiver = {
      opened: () => {
        if (isCurrent() && this.#state === "opening") {
          this.#connection?.send(greetingLines(this.#options.token));
        }
      },
      lines: (lines) => {
        if (!isCurrent()) return;
        this.#pulse?.heard();
        if (isGreeted) this.#owner.lines(lines);
        else isGreeted = this.#readGreeting(lines);
      },
      closed: (reason) => {
        if (isCurrent()) this.#lost(reason ?? new Error("the connection was closed"));
      },
    };
    this.#setTimer(OPEN_WITHIN_MS, () => this.drop(`no answer within ${OPEN_WITHIN_MS / 1000} s`));
    this.#connection = transport.open(receiver);
  }

  /** @returns whether the greeting is over. */
  #readGreeting(lines: readonly string[]): boolean {
    for (const [at, line] of lines.entries()) {
      const answer = readGreeting(line);
      if (answer === null) continue;
      if (answer.type === "refused") this.#refuse(answer.error);
      if (answer.type === "useless") this.drop(answer.reason);
      if (answer.type !== "hello") return false;
      this.#becomeUp(answer.hello);
      if (at + 1 < lines.length) this.#owner.lines(lines.slice(at + 1));
      return true;
    }
    return false;
  }

  #becomeUp(hello: Hello): void {
    this.#state = "up";
    this.#downSince = null;
    this.#clearTimers();
    this.#pulse = new Pulse({
      deadAfterMs: this.#options.deadAfterMs,
      now: this.#options.now,
      isWaiting: () => this.#owner.isWaiting(),
      ask: () => this.#connection?.send(PING_LINE),
      dead: (silentMs) => this.drop(`silent for ${Math.round(silentMs)} ms, also when asked`),
    });
    const openers = this.#openers;
    this.#openers = [];
    this.#owner.up(hello);
    for (const opener of openers) opener.resolve();
  }

  /** Gives this connection up: it is dead, or what it says makes no sense. */
  drop(reason: string): void {
    const connection = this.#connection;
    const generation = this.#generation;
    connection?.abort();
    // A transport may tell `closed` from within abort().
    if (generation === this.#generation) this.#lost(new Error(reason));
  }

  #lost(reason: Error): void {
    const wasUp = this.#state === "up";
    this.#generation++;
    this.#connection = null;
    this.#clearTimers();
    if (this.#state === "closed") {
      this.#onClosed?.();
      return;
    }
    this.#downSince ??= this.#options.now();
    this.#next++;
    this.#refusedInRound = wasUp ? 0 : this.#refusedInRound + 1;
    const isRound = this.#refusedInRound === this.#options.transports.length;
    if (isRound) this.#refusedInRound = 0;
    this.#state = "resting";
    if (wasUp) this.#owner.down(reason);
    if (isRound) this.#failOpeners(this.#unreachable(reason));
    if (!this.#owner.isWaiting() && this.#openers.length === 0) {
      this.#state = "idle";
      return;
    }
    const leftMs = this.#options.reconnectForMs - (this.#options.now() - this.#downSince);
    if (leftMs <= 0) {
      this.#giveUp(this.#unreachable(reason));
      return;
    }
    let restMs = 0;
    if (wasUp || isRound) {
      // Also after a loss: a node must not be asked in a tight loop when it dies of our first line.
      const longestMs = Math.min(FIRST_REST_MS * 2 ** Math.min(this.#setbacks++, 20), LONGEST_REST_MS);
      restMs = Math.min(longestMs * (0.5 + this.#options.random() / 2), leftMs);
    }
    this.#setTimer(restMs, () => this.#open());
  }

  #unreachable(reason: Error): TandaError {
    const names = this.#options.transports.map((transport) => transport.name).join(", ");
    return new TandaError("unavailable", `No node of Tanda can be reached at ${names}: ${reason.message}`, {
      hint: adviceOn(reason) ?? "Is it running there? Start one with `tanda serve`.",
      cause: reason,
    });
  }

  /** Not let in: trying again would not help. */
  #refuse(error: TandaError): void {
    const connection = this.#connection;
    this.#generation++;
    this.#connection = null;
    this.#clearTimers();
    this.#giveUp(error);
    connection?.abort();
  }

  #giveUp(error: TandaError): void {
    this.#state = "idle";
    this.#setbacks = 0;
    this.#failOpeners(error);
    this.#owner.failed(error);
  }

  #failOpeners(error: TandaError): void {
    const openers = this.#openers;
    this.#openers = [];
    for (const opener of openers) opener.reject(error);
  }

  #setTimer(ms: number, then: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #clearTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pulse?.stop();
    this.#timer = null;
    this.#pulse = null;
  }
}
