/** What node and pool process say to each other beside the threads' pipes: few, small, over a pipe of their own (control-pipe.ts). */
import type { ErrorBody } from "../task/errors.ts";
import type { ObserverModule } from "./actions-observer.ts";
import type { BlobModule } from "./blob-options.ts";
import type { Lane } from "./slots.ts";

export type PoolSettings = {
  readonly socketPath: string;
  readonly token: string;
  readonly actionsFile: string | null;
  readonly memoryMb: number;
  readonly blobs: BlobModule | null;
  readonly blobOverBytes: number;
  readonly filesDir: string;
  /** Null: nobody looks on. */
  readonly observer: ObserverModule | null;
};

export type ToProcess =
  | { type: "start"; settings: PoolSettings }
  | { type: "spawn"; key: number }
  /** Take back what the lane has not begun, up to this ordinal. */
  | { type: "recall"; key: number; lane: Lane; upTo: number }
  /** This run was told to stop and did not: stop it. */
  | { type: "stop"; key: number; id: number }
  | { type: "end"; key: number }
  /** Does it hear? Answered by `pong`. */
  | { type: "ping" };

export type FromProcess =
  /** Ordinals above `begun` up to `upTo` are the node's again. */
  | { type: "recalled"; key: number; lane: Lane; upTo: number; begun: number }
  /** Over, though their thread lives on: it is in another run's hands. */
  | { type: "over"; key: number; endings: ForcedEnding[] }
  /** The thread is gone, or will never get to run anything again (`isStuck`). What is not in `endings`: not its fault. */
  | {
      type: "ended";
      key: number;
      endings: ForcedEnding[];
      begun: [number, number];
      isStuck: boolean;
      why: string;
    }
  /** A thread cannot be ended: the process is to be replaced by another. */
  | { type: "unfit" }
  /** It ends itself now, for this reason. */
  | { type: "dying"; error: ErrorBody }
  | { type: "rss"; bytes: number }
  | { type: "pong" };

/** `died`: one of several, nobody knows which. */
export type ForcedEnding = {
  id: number;
  /** Epoch ms. */
  startedAt: number;
} & ({ type: "failed" | "died"; error: ErrorBody } | { type: "cancelled" });
