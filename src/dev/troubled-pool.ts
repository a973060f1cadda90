/**
 * A pool that makes trouble on purpose, around one that makes none: each task is run more than once before its ending is told, is
 * ended in the middle, or comes back as if its end had never been heard. For whoever uses it, it keeps the contract of a pool.
 */
import { setTimeout as rest } from "node:timers/promises";
import type { ThreadView } from "../protocol/messages.ts";
import type { ErrorCode } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";
import type { Ending, Pool, Report, Run } from "../worker/pool.ts";
import { OBEYS_WITHIN_MS } from "./judge.ts";
import type { RunPlan } from "./observed.ts";
import type { Plan, Step } from "./plan.ts";
import type { Trial, Trials, Usual } from "./trials.ts";

/** What is shorter has no middle. */
const LEAST_TO_KILL_MS = 10;
/** A handler that ends by itself so soon does not go on for long after an abort. */
const LEAST_TO_ABORT_MS = OBEYS_WITHIN_MS + 500;
/** To the word of a thread that did obey. */
const LATE_MS = 500;
const LOOK_MS = 2;
/** A run whose turn has not come by then is not disturbed. */
const BEGINS_WITHIN_MS = 60_000;
/** Times that it was over before it could be killed. */
const MOST_MISSED = 2;
/** Of these a repeat tells nothing new. */
const NOT_AGAIN: ReadonlySet<ErrorCode> = new Set(["invalid_input", "timed_out", "out_of_memory", "crashed"]);

/** A run that the inner pool has. */
type Underway = { readonly trial: Trial; readonly outer: Run; readonly step: Step; isEnded: boolean };

export class TroubledPool implements Pool {
  readonly #inner: Pool;
  readonly #trials: Trials;
  /** By the inner pool's number. */
  readonly #underway = new Map<number, Underway>();
  /** By the number its user gave, with the inner one; null between two steps. */
  readonly #outer = new Map<number, { readonly trial: Trial; seq: number | null }>();
  /** In the hands of a process that was killed on purpose. */
  readonly #doomed = new Set<number>();
  readonly #onEnd: ((endings: readonly Ending[]) => void)[] = [];
  readonly #onReport: ((reports: readonly Report[]) => void)[] = [];
  #killedPid: number | null = null;
  #isClosed = false;

  constructor(inner: Pool, trials: Trials) {
    this.#inner = inner;
    this.#trials = trials;
    inner.onEnd((endings) => {
      // Whoever was in that process dies of the same.
      if (endings.some(({ type, seq }) => type === "died" && this.#doomed.has(seq)))
        for (const { type, seq } of endings) if (type === "died") this.#doomed.add(seq);
      this.#emit(endings.map((ending) => this.#ended(ending)));
    });
    inner.onReport((reports) => {
      const known = reports.flatMap((report) => {
        const seq = this.#underway.get(report.seq)?.outer.seq;
        return seq === undefined ? [] : [{ ...report, seq }];
      });
      for (const listener of this.#onReport) listener(known);
    });
  }

  run(runs: readonly Run[]): void {
    for (const run of runs) {
      const trial = this.#trials.of(run);
      this.#outer.set(run.seq, { trial, seq: null });
      this.#begin(trial, run);
    }
  }

  /** The next step of its trial. */
  #begin(trial: Trial, outer: Run): void {
    const place = this.#outer.get(outer.seq)!;
    if (this.#isClosed || trial.isCancelled)
      return this.#emit([this.#over(outer, now(this.#isClosed ? "returned" : "cancelled"))]);
    const usual = this.#trials.usual(trial.action);
    while (isTooShort(trial.steps[0], usual)) trial.steps.shift();
    const step = trial.steps[0] ?? "run";
    const seq = (place.seq = this.#trials.nextSeq());
    const attempt = (trial.attempt = Math.max(outer.attempt, trial.attempt + 1));
    const underway: Underway = { trial, outer, step, isEnded: false };
    this.#underway.set(seq, underway);
    // It may come to a process that is dying.
    if (this.#inner.pid !== null && this.#inner.pid === this.#killedPid) this.#doomed.add(seq);
    this.#trials.findings.count(trial.action, "runs");
    const plan = runPlanOf(step, trial.plan, usual);
    if (plan !== null) this.#trials.records.plan(trial.task, attempt, plan);
    // By its own hand, which is ours.
    if (plan?.type === "kill") this.#doomed.add(seq);
    this.#inner.run([{ ...outer, seq, attempt }]);
    if (plan?.type === "abort") void this.#giveUpLater(seq, underway, plan.afterMs);
    else if (step === "kill" && plan === null)
      void this.#killLater(seq, underway, (usual.ms * trial.plan.at) / 2 ** trial.missed);
  }

  async #killLater(seq: number, underway: Underway, afterMs: number): Promise<void> {
    if (!(await this.#begins(underway))) return;
    await rest(afterMs);
    if (underway.isEnded || this.#isClosed) return;
    const { pid } = this.#inner;
    if (underway.trial.plan.killBy === "thread" || pid === null) return this.#inner.cancel(seq);
    this.#killedPid = pid;
    for (const each of this.#underway.keys()) this.#doomed.add(each);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }

  /** It does not hear the signal, and would go on for ever. */
  async #giveUpLater(seq: number, underway: Underway, afterMs: number): Promise<void> {
    if (!(await this.#begins(underway))) return;
    await rest(afterMs + OBEYS_WITHIN_MS + LATE_MS);
    if (!underway.isEnded && !this.#isClosed) this.#inner.cancel(seq);
  }

  /** @returns false when it is over already, or its turn does not come soon. */
  async #begins(underway: Underway): Promise<boolean> {
    const { task, attempt } = underway.trial;
    const until = performance.now() + BEGINS_WITHIN_MS;
    while (!underway.isEnded && performance.now() < until) {
      if (this.#trials.records.hasBegun(task, attempt)) return true;
      await rest(LOOK_MS);
    }
    return false;
  }

  /** @returns what its user is told of it; null: nothing yet. */
  #ended(ending: Ending): Ending | null {
    const underway = this.#underway.get(ending.seq);
    if (underway === undefined) return null;
    const { trial, outer, step } = underway;
    underway.isEnded = true;
    this.#underway.delete(ending.seq);
    this.#outer.get(outer.seq)!.seq = null;
    const wasDoomed = this.#doomed.delete(ending.seq);
    if (this.#isClosed || trial.isCancelled) return this.#over(outer, ending);
    if (ending.type === "returned") return this.#over(outer, ending);
    if (ending.type === "cancelled") {
      // By nobody but us.
      if (step === "abort") this.#trials.wasStopped(trial);
      else this.#trials.wasKilled(trial, "thread");
      trial.steps.shift();
      return this.#next(trial, outer);
    }
    if (ending.type === "died") {
      if (!wasDoomed) {
        this.#trials.died(trial, ending.error);
        return this.#over(outer, ending);
      }
      this.#trials.wasKilled(trial, "process");
      // A neighbour of whom the kill was meant for has its step still before it.
      if (step === "kill") trial.steps.shift();
      return this.#next(trial, outer);
    }
    return this.#endedItself(underway, ending);
  }

  #endedItself(
    { trial, outer, step }: Underway,
    ending: Extract<Ending, { type: "done" | "failed" }>,
  ): Ending | null {
    const { task, action } = trial;
    // It was faster than usual: once more, and sooner.
    if (step !== "kill" || ++trial.missed > MOST_MISSED) trial.steps.shift();
    if (step === "abort" && this.#trials.wasAborted(trial)) this.#trials.wasStopped(trial);
    else {
      this.#trials.ranWhole(trial, ending);
      const isHopeless = ending.type === "failed" && NOT_AGAIN.has(ending.error.code);
      if (isHopeless || trial.steps.length === 0) {
        this.#trials.conclude(trial, ending);
        return this.#over(outer, ending);
      }
    }
    if (step !== "lose") return this.#next(trial, outer);
    this.#trials.findings.count(action, "lostAcknowledgements");
    this.#trials.tell({ type: "lost", task, action });
    return this.#over(outer, now("returned"));
  }

  #next(trial: Trial, outer: Run): null {
    this.#trials.tell({ type: "again", task: trial.task, action: trial.action });
    setImmediate(() => this.#begin(trial, outer));
    return null;
  }

  /** Its user has no more to do with this run. */
  #over(outer: Run, ending: Ending): Ending {
    const place = this.#outer.get(outer.seq);
    this.#outer.delete(outer.seq);
    if (place?.trial.isCancelled) this.#trials.forget(place.trial);
    return { ...ending, seq: outer.seq };
  }

  #emit(endings: readonly (Ending | null)[]): void {
    const told = endings.filter((ending) => ending !== null);
    if (told.length > 0) for (const listener of this.#onEnd) listener(told);
  }

  cancel(seq: number): void {
    const place = this.#outer.get(seq);
    if (place === undefined) return;
    place.trial.isCancelled = true;
    if (place.seq !== null) this.#inner.cancel(place.seq);
  }

  start(): Promise<readonly ActionInfo[]> {
    return this.#inner.start();
  }

  room(action: string): number {
    return this.#inner.room(action);
  }

  ahead(action: string, ms: number): number {
    return this.#inner.ahead(action, ms);
  }

  onEnd(listener: (endings: readonly Ending[]) => void): void {
    this.#onEnd.push(listener);
  }

  onReport(listener: (reports: readonly Report[]) => void): void {
    this.#onReport.push(listener);
  }

  onFree(listener: () => void): void {
    this.#inner.onFree(listener);
  }

  threads(): readonly ThreadView[] {
    return this.#inner.threads();
  }

  get pid(): number | null {
    return this.#inner.pid;
  }

  probe(): Promise<void> {
    return this.#inner.probe();
  }

  rssBytes(): number {
    return this.#inner.rssBytes();
  }

  meanMs(action: string): number | null {
    return this.#inner.meanMs(action);
  }

  reload(): Promise<readonly ActionInfo[]> {
    return this.#inner.reload();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isTooShort(step: Step | undefined, { ms, deeds }: Usual): boolean {
  if (step === "kill") return ms < LEAST_TO_KILL_MS && deeds === 0;
  return step === "abort" && ms < LEAST_TO_ABORT_MS;
}

/** What its thread has to do; null: nothing. */
function runPlanOf(step: Step, { at, deedAt, killBy }: Plan, { ms, deeds }: Usual): RunPlan | null {
  if (step === "abort") return { type: "abort", afterMs: Math.round(at * (ms - LEAST_TO_ABORT_MS)) };
  const isByDeed = deeds > 0 && (killBy === "deed" || ms < LEAST_TO_KILL_MS);
  return step === "kill" && isByDeed ? { type: "kill", afterDeeds: 1 + Math.floor(deedAt * deeds) } : null;
}

/** @param type what its user hears; the inner pool's number is replaced by its user's. */
function now(type: "returned" | "cancelled"): Ending {
  const at = Date.now();
  return { seq: 0, startedAt: at, endedAt: at, type };
}
