/**
 * A pool as a model: threads that run handlers for as long as a payload says. Each run is written down where no fault reaches it, so
 * that what was really executed is known, whatever the rows say.
 */
import type { ThreadView } from "../../src/protocol/messages.ts";
import { DEFAULT_POLICY, NORMAL, type ActionInfo } from "../../src/task/task.ts";
import type { Ending, Pool, Run } from "../../src/worker/pool.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

export type Work = {
  readonly n: number;
  /** How long it runs. */
  readonly ms: number;
  /** So many attempts fail before one does not. */
  readonly failures: number;
  /** It ends its process, always. */
  readonly isPoison?: true;
};

export type Execution = {
  readonly task: string;
  readonly attempt: number;
  readonly actor: Actor;
  readonly startedAt: number;
  /** Null while it runs; and for ever, when its process died. */
  endedAt: number | null;
  isComplete: boolean;
};

/** What a handler gives back, of its payload alone: so that an answer shows whose it is. */
export function resultOf(payload: string): string {
  return JSON.stringify({ of: payload });
}

export const ACTIONS: readonly ActionInfo[] = [
  action("quick", "default"),
  action("slow", "default"),
  action("other", "second"),
  { ...action("patient", "second"), policy: { ...DEFAULT_POLICY, attempts: 4 } },
];

function action(name: string, queue: string): ActionInfo {
  const policy = {
    ...DEFAULT_POLICY,
    attempts: 2,
    timeoutMs: 60_000,
    backoff: { ...DEFAULT_POLICY.backoff, delayMs: 500, maxDelayMs: 4000 },
  };
  return {
    name,
    description: null,
    queue,
    priority: NORMAL,
    policy,
    concurrency: null,
    expiresMs: null,
    input: null,
    output: null,
  };
}

export type PoolModelOptions = {
  time: VirtualTime;
  actor: Actor;
  threads: number;
  log: Execution[];
  /** Of each run: its process dies with it. */
  deaths: () => number;
};

type Running = { readonly run: Run; readonly execution: Execution; readonly startedAt: number };

export class PoolModel implements Pool {
  readonly pid = 1;
  readonly #options: PoolModelOptions;
  readonly #waiting: Run[] = [];
  readonly #running = new Map<number, Running>();
  #onEnd: (endings: readonly Ending[]) => void = () => {};
  #onFree: () => void = () => {};
  #isClosed = false;

  constructor(options: PoolModelOptions) {
    this.#options = options;
  }

  async start(): Promise<readonly ActionInfo[]> {
    return ACTIONS;
  }

  reload(): Promise<readonly ActionInfo[]> {
    return this.start();
  }

  room(): number {
    return Math.max(0, this.#options.threads - this.#running.size - this.#waiting.length);
  }

  ahead(): number {
    return Math.max(0, this.#options.threads - this.#waiting.length);
  }

  run(runs: readonly Run[]): void {
    this.#waiting.push(...runs);
    this.#begin();
  }

  #begin(): void {
    const { time, actor, threads, log, deaths } = this.#options;
    while (this.#running.size < threads && this.#waiting.length > 0) {
      const run = this.#waiting.shift()!;
      const work = JSON.parse(run.payload) as Work;
      const startedAt = Date.now();
      const execution: Execution = {
        task: run.task,
        attempt: run.attempt,
        actor,
        startedAt: time.now,
        endedAt: null,
        isComplete: false,
      };
      log.push(execution);
      time.tell(`${actor.name} begins attempt ${run.attempt} of ${run.task}, ${run.payload}`);
      this.#running.set(run.seq, { run, execution, startedAt });
      const isDeath = work.isPoison === true || time.chance() < deaths();
      time.after(isDeath ? work.ms / 2 : work.ms, actor, () => {
        if (!this.#running.has(run.seq)) return;
        if (isDeath) return this.#die();
        execution.isComplete = true;
        this.#end(run.seq, this.#outcome(run, work));
      });
    }
  }

  #outcome(run: Run, work: Work): { type: "done"; result: string; resultBlob: null } | Failed {
    if (run.attempt <= work.failures)
      return { type: "failed", error: { code: "task_error", message: "not yet" } };
    return { type: "done", result: resultOf(run.payload), resultBlob: null };
  }

  #end(seq: number, how: How): void {
    const running = this.#running.get(seq);
    if (running === undefined) return;
    this.#running.delete(seq);
    const { time, actor } = this.#options;
    running.execution.endedAt = time.now;
    time.tell(`${actor.name} ends attempt ${running.run.attempt} of ${running.run.task}: ${how.type}`);
    this.#onEnd([{ seq, startedAt: running.startedAt, endedAt: Date.now(), ...how }]);
    this.#begin();
    this.#onFree();
  }

  /** The process dies, with all it runs. */
  #die(): void {
    const all = [...this.#running.values()];
    this.#running.clear();
    const wasAlone = all.length === 1;
    const error = { code: "crashed", message: "The process died." } as const;
    const { time, actor } = this.#options;
    time.tell(`${actor.name}: a process dies with ${all.map(({ run }) => run.task).join(", ")}`);
    for (const { execution } of all) execution.endedAt = time.now;
    const endings = all.map(({ run, startedAt }): Ending => {
      return { seq: run.seq, startedAt, endedAt: Date.now(), type: "died", wasAlone, error };
    });
    this.#onEnd(endings);
    this.#begin();
    this.#onFree();
  }

  cancel(seq: number): void {
    const waits = this.#waiting.findIndex((run) => run.seq === seq);
    if (waits >= 0) {
      this.#waiting.splice(waits, 1);
      const at = Date.now();
      setImmediate(() => this.#onEnd([{ seq, startedAt: at, endedAt: at, type: "cancelled" }]));
      return;
    }
    const { time, actor } = this.#options;
    time.after(time.between(1, 50), actor, () => this.#end(seq, { type: "cancelled" }));
  }

  onEnd(listener: (endings: readonly Ending[]) => void): void {
    this.#onEnd = listener;
  }

  onReport(): void {}

  onFree(listener: () => void): void {
    this.#onFree = listener;
  }

  threads(): readonly ThreadView[] {
    return [];
  }

  async probe(): Promise<void> {}

  rssBytes(): number {
    return 0;
  }

  meanMs(): number | null {
    return null;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const at = Date.now();
    const back = [
      ...[...this.#running.values()].map(({ run, startedAt }) => ({ seq: run.seq, startedAt })),
      ...this.#waiting.map(({ seq }) => ({ seq, startedAt: at })),
    ];
    for (const { execution } of this.#running.values()) execution.endedAt = this.#options.time.now;
    this.#running.clear();
    this.#waiting.length = 0;
    this.#onEnd(back.map((one): Ending => ({ ...one, endedAt: at, type: "returned" })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

type Failed = { type: "failed"; error: { code: "task_error"; message: string } };
type How = { type: "done"; result: string; resultBlob: null } | Failed | { type: "cancelled" };
