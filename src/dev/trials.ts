/** The tasks that are on trial, whichever pool of the node has them: what each has still to go through, and what its runs did. */
import type { ErrorBody } from "../task/errors.ts";
import type { Ending, Run } from "../worker/pool.ts";
import { Findings, type ToldFinding } from "./findings.ts";
import { judge, type Ran } from "./judge.ts";
import { isFault } from "./words.ts";
import { planOf, type Plan, type Step } from "./plan.ts";
import type { Observed, Records } from "./records.ts";

/** Tasks that were cancelled, or went elsewhere, in the middle of their trial are forgotten, the oldest first. */
const MOST_TRIALS = 10_000;

export type TrialEvent = {
  readonly task: string;
  readonly action: string;
} & (
  | { readonly type: "again" }
  | { readonly type: "lost" }
  | { readonly type: "killed"; readonly by: "thread" | "process" }
  | { readonly type: "aborted"; readonly afterMs: number | null }
  | { readonly type: "finding"; readonly finding: ToldFinding; readonly isFault: boolean }
);

/** How long it takes, and how much it does to the world outside. */
export type Usual = { readonly ms: number; readonly deeds: number };

export class Trial {
  readonly task: string;
  readonly action: string;
  readonly plan: Plan;
  readonly steps: Step[];
  readonly runs: Ran[] = [];
  /** The last number a run of it had. */
  attempt = 0;
  isCancelled = false;
  /** Times that it was over before it could be killed. */
  missed = 0;

  constructor(run: Run, plan: Plan) {
    this.task = run.task;
    this.action = run.action;
    this.plan = plan;
    this.steps = [...plan.steps];
  }
}

export class Trials {
  readonly records: Records;
  readonly findings: Findings;
  readonly tell: (event: TrialEvent) => void;
  readonly #seed: number;
  readonly #trials = new Map<string, Trial>();
  readonly #ordinals = new Map<string, number>();
  /** Of the first whole run of the last task, by action. */
  readonly #usual = new Map<string, Usual>();
  #lastSeq = 0;

  constructor(options: {
    seed: number;
    records: Records;
    findings: Findings;
    onEvent: (event: TrialEvent) => void;
  }) {
    this.#seed = options.seed;
    this.records = options.records;
    this.findings = options.findings;
    this.tell = options.onEvent;
  }

  /** Goes on with the task's trial, or begins it. */
  of(run: Run): Trial {
    const known = this.#trials.get(run.task);
    if (known !== undefined) return known;
    const ordinal = this.#ordinals.get(run.action) ?? 0;
    this.#ordinals.set(run.action, ordinal + 1);
    const trial = new Trial(run, planOf(this.#seed, run.action, ordinal));
    this.#trials.set(run.task, trial);
    if (this.#trials.size > MOST_TRIALS) this.#trials.delete(this.#trials.keys().next().value!);
    return trial;
  }

  nextSeq(): number {
    return ++this.#lastSeq;
  }

  usual(action: string): Usual {
    return this.#usual.get(action) ?? { ms: 0, deeds: 0 };
  }

  /** Notes a run that came to its own end. */
  ranWhole(trial: Trial, ending: Extract<Ending, { type: "done" | "failed" }>): void {
    const { action } = trial;
    const observed = this.records.take(trial.task, trial.attempt);
    if (trial.runs.some(({ how }) => how === "whole")) this.findings.count(action, "repeats");
    else {
      // A repeat may have found that there is nothing to do.
      const deeds = observed.effects.length + observed.files.length;
      this.#usual.set(action, { ms: Math.max(0, ending.endedAt - ending.startedAt), deeds });
    }
    const outcome =
      ending.type === "failed"
        ? ({ type: "failed", error: ending.error } as const)
        : ({ type: "done", json: ending.result } as const);
    trial.runs.push({ how: "whole", observed, outcome });
  }

  wasKilled(trial: Trial, by: "thread" | "process"): void {
    const { task, action } = trial;
    this.#ranInPart(trial, "killed");
    this.tell({ type: "killed", task, action, by });
  }

  wasStopped(trial: Trial): void {
    const { task, action } = trial;
    const { afterAbortMs } = this.#ranInPart(trial, "aborted");
    this.tell({ type: "aborted", task, action, afterMs: afterAbortMs });
  }

  #ranInPart(trial: Trial, how: "killed" | "aborted"): Observed {
    const observed = this.records.take(trial.task, trial.attempt);
    this.findings.count(trial.action, how);
    trial.runs.push({ how, observed, outcome: null });
    return observed;
  }

  /** Asked before its record is taken. */
  wasAborted({ task, attempt }: Trial): boolean {
    return this.records.wasAborted(task, attempt);
  }

  /** It is over: what its runs did is compared. */
  conclude(trial: Trial, ending: Ending): void {
    const { task, action, runs } = trial;
    this.#trials.delete(task);
    this.findings.count(action, "tasks");
    if (ending.type === "failed") this.findings.failed(action, ending.error);
    for (const finding of this.findings.add(action, task, judge(runs)))
      this.tell({ type: "finding", task, action, finding, isFault: isFault(finding) });
  }

  /** Its process died, and not by our hand. Whoever uses the pool says what becomes of it. */
  died({ task, action, attempt }: Trial, error: ErrorBody): void {
    this.records.take(task, attempt);
    this.findings.failed(action, error);
  }

  /** It was cancelled. */
  forget({ task, attempt }: Trial): void {
    this.records.take(task, attempt);
    this.#trials.delete(task);
  }
}
