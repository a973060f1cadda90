/** Ends waiting tasks whose `expires` has passed. Late: they end late, yet never start, since that is checked when they are taken. */
import type { Outcomes } from "../../engine/outcomes.ts";
import type { Queue } from "../../queue/queue.ts";
import type { Store } from "../../store/store.ts";
import type { TaskEvent } from "../../task/decide.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 250;
const BATCH = 1000;

export class Expirer implements Duty {
  readonly #duty: Duty;
  /** Until the first task with an end comes in there is nothing to look for; at a start there may be. */
  #mayHaveSome = true;

  constructor(
    store: Pick<Store, "overdue" | "apply">,
    queue: Pick<Queue, "remove">,
    outcomes: Pick<Outcomes, "follow">,
    isInHand: (task: string) => boolean,
    now: () => number,
    onError: (error: unknown) => void,
    /** What others took within this time may have no row that says so. */
    sparedMs = 0,
  ) {
    const work = async (): Promise<void> => {
      if (!this.#mayHaveSome) return;
      for (;;) {
        const at = now();
        const rows = await store.overdue(at - sparedMs, BATCH);
        const waiting = rows.filter((row) => !isInHand(row.id));
        if (waiting.length === 0) return;
        queue.remove(waiting.map((row) => row.id));
        const events = waiting.map((row): TaskEvent => ({ type: "expire", id: row.id, at }));
        for (const { verdict, task } of await store.apply(events)) {
          if (verdict === "applied" && task) outcomes.follow(task, true);
        }
        if (rows.length < BATCH) return;
      }
    };
    this.#duty = repeat(TICK_MS, work, onError);
  }

  wake(): void {
    this.#mayHaveSome = true;
  }

  stop(): Promise<void> {
    return this.#duty.stop();
  }
}
