/**
 * Which queues are paused or draining. The store has it; each process reads it there when it is told that something changed, and now
 * and then, and shows with each beat what it goes by.
 */
import type { Hint } from "../bus/bus.ts";
import { obeyQueueMode } from "../engine/operations.ts";
import type { EngineParts } from "../engine/parts.ts";
import type { QueueView } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import type { NodeInfo, Presence } from "./presence.ts";
import { sayUntilShown, WITHIN_S } from "./say-until-shown.ts";

export type Mode = QueueView["mode"];

export type QueueModesOptions = {
  parts: Pick<EngineParts, "store" | "admission" | "queue">;
  presence: Pick<Presence, "look">;
  /** To all others. */
  tell: (hint: Hint) => void;
};

export class QueueModes {
  readonly #options: QueueModesOptions;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: QueueModesOptions) {
    this.#options = options;
  }

  /** Resolves when this process goes by what the store says now. */
  read(): Promise<void> {
    if (this.#next !== null) return this.#next;
    // One at a time: of two, the one that began first may end last, and would tell how it was before.
    const reading = this.#last.then(() => {
      this.#next = null;
      return this.#read();
    });
    this.#next = reading;
    this.#last = reading.catch(() => {});
    return reading;
  }

  /** Of those that are not open. */
  shown(): Readonly<Record<string, Mode>> {
    const { admission } = this.#options.parts;
    return Object.fromEntries(admission.queuesNotOpen().map((queue) => [queue, admission.queueMode(queue)]));
  }

  /** Resolves when all that live go by what the store says of it. @throws unavailable when one does not show it in time. */
  async spread(queue: string): Promise<void> {
    const { parts, presence, tell } = this.#options;
    await this.read();
    const lateOf = (others: readonly NodeInfo[]): NodeInfo[] => {
      // It may have been changed again meanwhile, here or elsewhere.
      const mode = parts.admission.queueMode(queue);
      return others.filter(({ modes }) => modes !== undefined && modeIn(modes, queue) !== mode);
    };
    const { seen, isShown } = await sayUntilShown(
      () => tell({ type: "queues" }),
      () => presence.look(),
      (others) => lateOf(others).length === 0,
    );
    if (!isShown) throw notObeyed(queue, parts.admission.queueMode(queue), lateOf(seen));
  }

  async #read(): Promise<void> {
    const { parts } = this.#options;
    const states = new Map((await parts.store.queueStates()).map(({ queue, mode }) => [queue, mode]));
    for (const queue of parts.admission.queuesNotOpen())
      if (!states.has(queue)) obeyQueueMode(parts, queue, "open");
    for (const [queue, mode] of states) obeyQueueMode(parts, queue, mode);
  }
}

function modeIn(modes: Readonly<Record<string, Mode>>, queue: string): Mode {
  return Object.hasOwn(modes, queue) ? modes[queue]! : "open";
}

function notObeyed(queue: string, mode: Mode, late: readonly NodeInfo[]): TandaError {
  const nodes = late.map(({ node }) => node.node).join(", ");
  return new TandaError(
    "unavailable",
    `The queue ${queue} is ${mode}, but node ${nodes} did not tell within ${WITHIN_S} s that it obeys.`,
    {
      hint: "It obeys as soon as it can reach the store; until then it may begin tasks. `tanda nodes` shows how it is. Say it again to be sure.",
      retryAfterMs: 1000,
    },
  );
}
