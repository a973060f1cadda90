/**
 * Those with whom an engine shares its store and its queue. All of it are hints: the rows are the truth, and who waits also looks.
 */
import type { Message } from "../queue/queue.ts";
import type { Answer } from "./engine.ts";

export interface Fleet {
  /** Where others tell us the ends of tasks that somebody waits for here. */
  readonly address: string;
  /** How this message's task ended, to whoever waits for it elsewhere. `runMs` of the attempt, when it ran here. */
  ended(message: Message, answer: Answer, runMs: number | null): void;
  /** Their rows tell more than we know: to whoever waits for them elsewhere. */
  look(messages: readonly Message[]): void;
  /**
   * Others may have published them a moment ago. They get rows, and are published when nobody has claimed or ended them for longer than
   * a ride goes unclaimed. Resolves when they have their rows.
   */
  publishLater(messages: readonly Message[]): Promise<void>;
  /** These were cancelled in the store: whoever has them in hand stops. */
  cancelled(tasks: readonly string[]): void;
  /** It was paused, drained or opened in the store. Resolves when all obey. @throws unavailable when one does not show it in time. */
  queueChanged(queue: string): Promise<void>;
  /** A token was made or revoked in the store. */
  tokensChanged(): void;
  /** Reads from the store which actions there are, when that was not done just now. */
  refreshActions(): Promise<void>;
  /** Mean run time by those who run it; null when that is not known. */
  meanMs(action: string): number | null;
}
