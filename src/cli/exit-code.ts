import type { State } from "../task/state.ts";
import { TandaError, type ErrorCode } from "../task/errors.ts";
import { UsageError } from "./verb.ts";

/** The exit code is the task's outcome. Help shows this table. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  cancelled: 4,
  expired: 5,
  waitedTooLong: 6,
} as const;

export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.done, "done"],
  [EXIT.failed, "failed, or refused"],
  [EXIT.usage, "the command line or an option makes no sense"],
  [EXIT.unreachable, "cannot connect, or not let in"],
  [EXIT.cancelled, "the task was cancelled"],
  [EXIT.expired, "the task was not started before its expires"],
  [EXIT.waitedTooLong, "timed out waiting; the task goes on"],
];

const BY_CODE: ReadonlyMap<ErrorCode, number> = new Map([
  ["cancelled", EXIT.cancelled],
  ["expired", EXIT.expired],
  ["bad_request", EXIT.usage],
  ["unavailable", EXIT.unreachable],
  ["unauthorized", EXIT.unreachable],
  ["forbidden", EXIT.unreachable],
]);

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return EXIT.usage;
  if (thrown instanceof TandaError) return BY_CODE.get(thrown.code) ?? EXIT.failed;
  if (thrown instanceof Error && thrown.name === "TimeoutError") return EXIT.waitedTooLong;
  return EXIT.failed;
}

/** Of a task that is not final yet: done, since nothing went wrong. */
export function exitCodeOfState(state: State): number {
  if (state === "failed") return EXIT.failed;
  if (state === "cancelled") return EXIT.cancelled;
  if (state === "expired") return EXIT.expired;
  return EXIT.done;
}
