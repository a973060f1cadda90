/**
 * A pool runs users' code where it can do no harm: in processes of its own, with threads inside.
 * The node's side of it (this contract) parses neither payloads nor results: they are JSON text on both ways.
 */
import type { ErrorBody } from "../task/errors.ts";
import type { ActionInfo, BlobRef, LogLine } from "../task/task.ts";
import type { ThreadView } from "../protocol/messages.ts";

export interface Pool extends AsyncDisposable {
  /** Starts the process and its threads and loads the actions. Rejects when the file does not load, with its error. */
  start(): Promise<readonly ActionInfo[]>;
  /**
   * How many more runs of this action would be started within a few milliseconds. 0 = give it later, `onFree` tells when to ask.
   * Batches are short in time: sized by the action's running mean, 1 a thread while it is unknown.
   */
  room(action: string): number;
  /**
   * How many more than that may be on their way here, if they come after so many milliseconds: about as many as end meanwhile. What
   * comes and finds no thread waits here in turn. 0 where that would hold up others.
   */
  ahead(action: string, ms: number): number;
  /** Hands over; each run ends in exactly one Ending. */
  run(runs: readonly Run[]): void;
  /** Stops it: abort signal, then the thread, then the process. Ends as `cancelled` unless it ended before. */
  cancel(seq: number): void;
  onEnd(listener: (endings: readonly Ending[]) => void): void;
  onReport(listener: (reports: readonly Report[]) => void): void;
  onFree(listener: () => void): void;
  threads(): readonly ThreadView[];
  readonly pid: number | null;
  /** Resolves when the process that gets the runs has answered; rejects with `unavailable` when there is none. */
  probe(): Promise<void>;
  rssBytes(): number;
  /** Mean run time in milliseconds, by action, of what was measured. */
  meanMs(action: string): number | null;
  /** Loads the file anew in fresh threads; running tasks end on the old ones. Rejects, and keeps the old, when it does not load. */
  reload(): Promise<readonly ActionInfo[]>;
  /** Ends threads and process at once; what is in hand ends as `returned`. Twice is safe. */
  close(): Promise<void>;
}

export type Run = {
  /** Never used twice in the life of the node. */
  readonly seq: number;
  readonly task: string;
  readonly action: string;
  readonly attempt: number;
  readonly timeoutMs: number;
  readonly payload: string;
  readonly payloadBlob: string | null;
};

export type Ending = {
  readonly seq: number;
  /** Epoch ms; when the handler began, or when the run came back. */
  readonly startedAt: number;
  readonly endedAt: number;
} & (
  | { readonly type: "done"; readonly result: string | null; readonly resultBlob: BlobRef | null }
  /** The handler's own failure, its deadline, or the end of its thread when that can be blamed on nobody else. */
  | { readonly type: "failed"; readonly error: ErrorBody }
  | { readonly type: "cancelled" }
  /** Not its fault and not begun, or stopped for a neighbour: run it again, nothing is charged. */
  | { readonly type: "returned" }
  /** The process died with this in hand. `wasAlone`: nothing else was in that process's hands. `error` says how it died. */
  | { readonly type: "died"; readonly wasAlone: boolean; readonly error: ErrorBody }
);

/** What a handler says while it runs. */
export type Report =
  | { readonly seq: number; readonly type: "progress"; readonly at: number; readonly progress: string }
  | { readonly seq: number; readonly type: "log"; readonly line: LogLine };
