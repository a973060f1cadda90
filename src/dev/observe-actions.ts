/**
 * Loaded by a pool's thread before the user's actions: looks on at what each run does to the world outside, and gives a run its
 * abort signal where that is a part of the trouble. A handler gets the context it always gets.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Action } from "../actions/check.ts";
import type { Context } from "../actions/define.ts";
import { TandaError } from "../task/errors.ts";
import { watchFiles } from "./observe-files.ts";
import { watchProcesses } from "./observe-processes.ts";
import { watchSockets } from "./observe-sockets.ts";
import { ObservedRun } from "./observed-run.ts";

/** @param options `{ dir }`: where runs are written down. */
export function observeActions(
  options: unknown,
): (actions: ReadonlyMap<string, Action>) => ReadonlyMap<string, Action> {
  const { dir } = options as { dir: string };
  const runs = new ObservedRuns(dir);
  watchFiles((path) => runs.here?.wrote(path));
  watchProcesses((command) => {
    const run = runs.here;
    run?.did({ kind: "process", command, namesTask: command.includes(run.task) });
  });
  watchSockets(() => runs.hereOrAlone);
  return (actions) =>
    new Map(
      [...actions].map(([name, action]) => {
        const run: Action["run"] = (payload, context) => runs.run(action, payload, context);
        return [name, { ...action, run }];
      }),
    );
}

class ObservedRuns {
  readonly #dir: string;
  readonly #storage = new AsyncLocalStorage<ObservedRun>();
  readonly #active = new Set<ObservedRun>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The run whose code is running. */
  get here(): ObservedRun | null {
    const run = this.#storage.getStore();
    return run && !run.isOver ? run : null;
  }

  /** A connection that is kept open works for runs after the one that opened it. */
  get hereOrAlone(): ObservedRun | null {
    return this.here ?? (this.#active.size === 1 ? [...this.#active][0]! : null);
  }

  async run(action: Action, payload: unknown, context: Context): Promise<unknown> {
    const run = new ObservedRun(this.#dir, context.task.id, context.attempt);
    this.#active.add(run);
    const { signal, timer } = signalOf(run, context.signal);
    let json: string | null = null;
    try {
      const observed = this.#contextOf(context, signal);
      const result = await this.#storage.run(run, () => action.run(payload, observed));
      json = textOf(result);
      return result;
    } finally {
      clearTimeout(timer);
      this.#active.delete(run);
      run.end(json);
    }
  }

  /** What Tanda itself does for a run, keeping its blobs, is none of the run's effects. */
  #contextOf(context: Context, signal: AbortSignal): Context {
    const { progress, log, attempt, task, idempotencyKey, blob } = context;
    return {
      signal,
      progress,
      log,
      attempt,
      task,
      idempotencyKey,
      blob: (...given) => this.#storage.exit(() => blob(...given)),
    };
  }
}

function signalOf(
  run: ObservedRun,
  signal: AbortSignal,
): { signal: AbortSignal; timer: NodeJS.Timeout | undefined } {
  if (run.plan?.type !== "abort") return { signal, timer: undefined };
  const trouble = new AbortController();
  const timer = setTimeout(() => {
    run.aborted();
    trouble.abort(new TandaError("cancelled", "the task was cancelled"));
  }, run.plan.afterMs);
  return { signal: AbortSignal.any([signal, trouble.signal]), timer };
}

/** What cannot be told as JSON is found by who tells it. */
function textOf(result: unknown): string | null {
  try {
    return JSON.stringify(result) ?? "null";
  } catch {
    return null;
  }
}
