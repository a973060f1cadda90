/**
 * What is known of one run of a handler beside its ending: written down in its thread as it happens, a line each, in a file of the
 * run's own, and read by the node once the run is over. A file, because what was written survives the process that is killed.
 */

/** What a run did to the world outside. */
export type Effect =
  | {
      readonly kind: "request";
      readonly method: string;
      readonly url: string;
      /** What lets the receiver see that it is a repeat. */
      readonly token: string | null;
      /** URL, headers or body hold the task's id, which does as well. */
      readonly namesTask: boolean;
      /** Hash of the body. */
      readonly body: string;
    }
  /** A task sent to a Tanda. `token`: its key, or an id that was given to it. */
  | { readonly kind: "submit"; readonly action: string; readonly token: string | null }
  | { readonly kind: "process"; readonly command: string; readonly namesTask: boolean }
  /** Something was said in a protocol that nobody here reads. */
  | { readonly kind: "connection"; readonly to: string };

/** A file that the run wrote, as it lay there when the run ended. */
export type FileLeft = { readonly path: string; readonly bytes: number; readonly hash: string };

export type Note =
  | { readonly type: "effect"; readonly effect: Effect }
  | { readonly type: "aborted" }
  | {
      readonly type: "ended";
      /** From the abort signal to the end; null = it was not aborted. */
      readonly afterAbortMs: number | null;
      readonly files: readonly FileLeft[];
      /** Of the result's JSON text; null = there is none. */
      readonly hash: string | null;
    };

/** @param attempt of the run; a task has each number once. */
export function recordPath(dir: string, task: string, attempt: number): string {
  return `${dir}/${task}.${attempt}`;
}

/** Trouble that only the thread itself can make. Most runs have none. */
export type RunPlan =
  /** After the run began. */
  | { readonly type: "abort"; readonly afterMs: number }
  /** With its process, once it has done so many things to the world outside. */
  | { readonly type: "kill"; readonly afterDeeds: number };

/** Holds the run's plan, as JSON. */
export function planPath(dir: string, task: string, attempt: number): string {
  return `${recordPath(dir, task, attempt)}.plan`;
}
