/**
 * One process that is kept running: started when those before it are ready, looked at, started again when it dies, with a pause that
 * doubles. It says what changes; what it has counted outlives the process that told it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { GuardedProcess, type Ending } from "./guarded-process.ts";
import type { Health, ProcessPlan } from "./process-plan.ts";
import { Tally } from "./tally.ts";

export type State =
  | { readonly is: "waiting" | "starting" | "ready" | "draining" | "stopped" }
  | { readonly is: "not ready" | "failed"; readonly why: string }
  | { readonly is: "restarting"; readonly at: number; readonly why: string };

export type Pace = {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Who was ready for so long begins with the first pause again. */
  readonly forgivenAfterMs: number;
  readonly lookEveryMs: number;
  /** Until it is ready for the first time. */
  readonly lookSoonMs: number;
};

export const PACE: Pace = {
  firstPauseMs: 1000,
  longestPauseMs: 30_000,
  forgivenAfterMs: 10_000,
  lookEveryMs: 1000,
  lookSoonMs: 150,
};

export type SupervisedParts = {
  readonly now: () => number;
  readonly pace: Pace;
  /** After a change of state. */
  readonly onState: (process: Supervised, was: State) => void;
};

export class Supervised {
  readonly plan: ProcessPlan;
  readonly tally = new Tally();
  readonly #parts: SupervisedParts;
  readonly #wasReady = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #state: State = { is: "waiting" };
  #process: GuardedProcess | null = null;
  #running: Promise<void> | null = null;
  #restarts = 0;
  #failures = 0;
  #hasBeenReady = false;

  constructor(plan: ProcessPlan, parts: SupervisedParts) {
    this.plan = plan;
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when it is ready for the first time; never when it does not come to that. */
  get wasReady(): Promise<void> {
    return this.#wasReady.promise;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** In order, and by force when that takes longer than it may. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#giveUp();
    const process = this.#process;
    if (process !== null) {
      this.#become({ is: "draining" });
      await process.started;
      process.signal(this.plan.stopSignal);
      const { stopWithinMs } = this.plan;
      const timer = stopWithinMs === null ? undefined : setTimeout(() => void process.end(), stopWithinMs);
      await this.#running;
      clearTimeout(timer);
    }
    await this.#leave();
  }

  /** At once. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#giveUp();
    await this.#process?.end();
    await this.#leave();
  }

  async #leave(): Promise<void> {
    await this.#running;
    if (this.#state.is !== "failed") this.#become({ is: "stopped" });
  }

  #giveUp(): void {
    this.#over.abort();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#become({ is: "starting" });
      const why = await this.#live();
      if (this.#isOver || why === null) return;
      const pauseMs = this.#pauseMs();
      this.#become({ is: "restarting", at: this.#parts.now() + pauseMs, why });
      await sleep(pauseMs, undefined, { signal: this.#over.signal }).catch(() => {});
      this.#restarts++;
    }
  }

  /** @returns why it ended; null when it is not to be started again. */
  async #live(): Promise<string | null> {
    let process: GuardedProcess;
    const life = new AbortController();
    try {
      await this.plan.prepare?.();
      if (this.#isOver) return null;
      const { program, args, env, user } = this.plan.command();
      const { logFile, endWith } = this.plan;
      const how = { user, env, logFile, ...(endWith === undefined ? {} : { endWith }) };
      process = this.#process = new GuardedProcess(program, args, how);
      const readyAt = process.started.then(() => this.#look(life.signal));
      const ending = await process.ended;
      life.abort();
      this.#process = null;
      this.tally.restart();
      const at = await readyAt;
      if (at !== null && this.#parts.now() - at >= this.#parts.pace.forgivenAfterMs) this.#failures = 0;
      const why = endingText(ending);
      const isHopeless = ending.code !== null && ending.code === this.plan.hopelessCode;
      // What once was ready may be so again: what keeps it from that now is no matter of its flags.
      if (!this.#isOver && !this.#hasBeenReady && isHopeless) {
        this.#become({ is: "failed", why });
        return null;
      }
      return why;
    } catch (error) {
      life.abort();
      this.#process = null;
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Until it has ended. @returns when it was ready for the first time. */
  async #look(onEnd: AbortSignal): Promise<number | null> {
    const { pace, now } = this.#parts;
    let readyAt: number | null = null;
    let isDoubtful = false;
    for (;;) {
      const health = await this.plan.check();
      if (onEnd.aborted) return readyAt;
      if (health.isReady) readyAt ??= now();
      this.#heard(health, isDoubtful);
      isDoubtful = readyAt !== null && !health.isReady;
      const isSettled = readyAt !== null && (!isDoubtful || this.#state.is === "not ready");
      const restMs = isSettled ? pace.lookEveryMs : pace.lookSoonMs;
      await sleep(restMs, undefined, { signal: onEnd }).catch(() => {});
    }
  }

  /** Of one that was ready, a bad answer is believed when it comes twice: it may just be dying, and that is told by itself. */
  #heard(health: Health, isDoubtful: boolean): void {
    if (health.isReady && health.figures !== null) this.tally.take(health.figures, this.#parts.now());
    if (this.#isOver) return;
    if (health.isReady) {
      this.#hasBeenReady = true;
      this.#become({ is: "ready" });
      this.#wasReady.resolve();
    } else if (isDoubtful) this.#become({ is: "not ready", why: health.why });
  }

  #pauseMs(): number {
    const { firstPauseMs, longestPauseMs } = this.#parts.pace;
    return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures++, 20));
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #become(state: State): void {
    const was = this.#state;
    if (was.is === state.is && was.is !== "restarting") return;
    this.#state = state;
    this.#parts.onState(this, was);
  }
}

function endingText({ code, signal }: Ending): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? "killed with its guard" : `ended with ${code}`;
}
