/** How a run ended, from the words of its thread. */
import type { ErrorBody } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { Ending } from "./pool.ts";
import * as wire from "./thread-wire.ts";

/** @throws SyntaxError when it is none that a thread of ours would send. A result is JSON text and stays unread. */
export function readEnding(
  letter: string,
  seq: number,
  startedAt: number,
  durationMs: number,
  json: string,
): Ending {
  const endedAt = startedAt + Math.round(durationMs);
  switch (letter) {
    case wire.DONE:
      return { seq, startedAt, endedAt, type: "done", result: json, resultBlob: null };
    case wire.BLOB:
      return {
        seq,
        startedAt,
        endedAt,
        type: "done",
        result: null,
        resultBlob: JSON.parse(json) as BlobRef,
      };
    case wire.FAILED:
      return { seq, startedAt, endedAt, type: "failed", error: JSON.parse(json) as ErrorBody };
    case wire.DIED:
      return {
        seq,
        startedAt,
        endedAt,
        type: "died",
        wasAlone: false,
        error: JSON.parse(json) as ErrorBody,
      };
    case wire.CANCELLED:
      return { seq, startedAt, endedAt, type: "cancelled" };
    default:
      throw new SyntaxError("no frame of a thread begins so");
  }
}
