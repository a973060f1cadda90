/** Whether new work is let in, and why not. Everything that says no says when to come again. */
import { TandaError } from "../task/errors.ts";
import type { Health } from "./engine.ts";

export type AdmissionLimits = {
  /** Tasks that are not final, in all queues. */
  maxQueued: number;
};

export class Admission {
  readonly #limits: AdmissionLimits;
  #state: Health["state"] = "starting";
  #reason: string | null = "starting";
  #isDiskLow = false;
  #isStoreAway = false;
  #unfinished = 0;
  readonly #draining = new Set<string>();
  readonly #paused = new Set<string>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get health(): Health {
    return { state: this.#state, reason: this.#reason };
  }

  /** Told by the heartbeat. A node that drains stays so. */
  setHealth(isReady: boolean, reason: string | null): void {
    if (this.#state === "draining") return;
    this.#state = isReady ? "ready" : this.#state === "starting" ? "starting" : "not_ready";
    this.#reason = reason;
  }

  drain(): void {
    this.#state = "draining";
    this.#reason = "The node is stopping.";
  }

  /** Nothing can be promised, and what is done cannot be told. */
  setStoreAway(isAway: boolean): void {
    this.#isStoreAway = isAway;
  }

  setDiskLow(isLow: boolean): void {
    this.#isDiskLow = isLow;
  }

  /** What the store counts; between two counts, what was accepted is added. */
  setUnfinished(count: number): void {
    this.#unfinished = count;
  }

  accepted(count: number): void {
    this.#unfinished += count;
  }

  setQueueMode(queue: string, mode: "open" | "paused" | "draining"): void {
    this.#draining.delete(queue);
    this.#paused.delete(queue);
    if (mode === "draining") this.#draining.add(queue);
    if (mode === "paused") this.#paused.add(queue);
  }

  queueMode(queue: string): "open" | "paused" | "draining" {
    if (this.#draining.has(queue)) return "draining";
    return this.#paused.has(queue) ? "paused" : "open";
  }

  queuesNotOpen(): string[] {
    return [...this.#draining, ...this.#paused];
  }

  /** @throws busy or unavailable; returns when the task may come in. */
  check(queue: string): void {
    if (this.#state === "draining") {
      throw new TandaError("unavailable", "This node is stopping.", {
        retryAfterMs: 1000,
        hint: "Connect again: another node, or this one after its start, takes it.",
      });
    }
    if (this.#isStoreAway) {
      throw new TandaError("busy", "The store cannot be reached just now.", {
        retryAfterMs: 1000,
        hint: "Nothing that was accepted is lost. Try again: it goes on by itself when the store is back.",
      });
    }
    if (this.#isDiskLow) {
      throw new TandaError("busy", "The disk is nearly full.", {
        retryAfterMs: 5000,
        hint: "Free space, or lower --disk-reserve.",
      });
    }
    if (this.#unfinished >= this.#limits.maxQueued) {
      throw new TandaError("busy", `The queue is full: ${this.#limits.maxQueued} tasks wait.`, {
        retryAfterMs: 1000,
        hint: "Try again later, add workers, or raise --max-queued.",
      });
    }
    if (this.#draining.size > 0 && this.#draining.has(queue)) {
      throw new TandaError("busy", `The queue ${queue} is being drained and takes nothing new.`, {
        retryAfterMs: 5000,
        hint: `\`tanda queue resume ${queue}\` opens it.`,
      });
    }
  }
}
