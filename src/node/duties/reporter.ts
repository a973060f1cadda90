/**
 * Says in the log what is done: each task while they are few, sums when they are many, so that one can watch it work
 * and a busy node does not drown in its own words.
 */
import type { EngineLog } from "../../engine/parts.ts";
import { formatDuration } from "../../task/duration.ts";
import type { ErrorBody } from "../../task/errors.ts";
import type { State } from "../../task/state.ts";
import type { TaskSpec } from "../../task/task.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 1000;
const SUM_EVERY = 5;
const LINES_A_SECOND = 10;

export class Reporter implements Duty {
  readonly #log: EngineLog;
  readonly #duty: Duty;
  #lines = 0;
  #done = 0;
  #failed = 0;
  #unsaid = 0;
  #ticks = 0;

  constructor(log: EngineLog, waiting: () => number) {
    this.#log = log;
    this.#duty = repeat(
      TICK_MS,
      () => {
        this.#lines = 0;
        if (++this.#ticks % SUM_EVERY === 0) this.#sum(waiting());
      },
      () => {},
    );
  }

  /** Called for each task that became final. */
  ended(
    spec: TaskSpec,
    state: State,
    startedAt: number | null,
    endedAt: number | null,
    failure: ErrorBody | null,
  ): void {
    if (state === "done") this.#done++;
    else this.#failed++;
    if (this.#lines >= LINES_A_SECOND) {
      this.#unsaid++;
      return;
    }
    this.#lines++;
    const took = startedAt === null || endedAt === null ? "" : ` in ${formatDuration(endedAt - startedAt)}`;
    const facts = { task: spec.id, ...(failure === null ? {} : factsOf(failure)) };
    if (state === "failed") this.#log.warn(facts, `${spec.action} failed${took}`);
    else this.#log.info(facts, `${spec.action} ${state}${state === "done" ? took : ""}`);
  }

  stop(): Promise<void> {
    return this.#duty.stop();
  }

  #sum(waiting: number): void {
    const seconds = (SUM_EVERY * TICK_MS) / 1000;
    if (this.#unsaid > 0) {
      const total = this.#done + this.#failed;
      const facts = { done: this.#done, failed: this.#failed, waiting };
      this.#log.info(facts, `${total} tasks in ${seconds} s, ${Math.round(total / seconds)} a second`);
    }
    this.#done = 0;
    this.#failed = 0;
    this.#unsaid = 0;
  }
}

/** Where in the author's file it was thrown is known unless the error had details of its own. */
function factsOf({ code, message, details }: ErrorBody): object {
  const at = (details as { at?: unknown } | null | undefined)?.at;
  return { code, error: message, ...(typeof at === "string" ? { at } : {}) };
}
