/**
 * The one transition table. docs/protocol.md shows it as a drawing and a test holds the two together.
 *
 *   scheduled   not due yet                      retrying   failed, due again later
 *   queued      waiting for a thread             running    in a thread's hands
 *   done | failed | cancelled | expired          final
 */
export const TRANSITIONS = {
  scheduled: ["queued", "cancelled", "expired"],
  queued: ["running", "done", "failed", "retrying", "cancelled", "expired"],
  running: ["done", "failed", "retrying", "queued", "cancelled"],
  retrying: ["queued", "cancelled", "expired"],
  done: [],
  failed: ["queued"],
  cancelled: ["queued"],
  expired: ["queued"],
} as const satisfies Record<string, readonly string[]>;

export type State = keyof typeof TRANSITIONS;

/** In the order of the drawing; the position is the number stored in a row, so only ever append. */
export const STATES = [
  "scheduled",
  "queued",
  "running",
  "retrying",
  "done",
  "failed",
  "cancelled",
  "expired",
] as const satisfies State[];
export type FinalState = "done" | "failed" | "cancelled" | "expired";

const FIRST_FINAL = STATES.indexOf("done");

export function isState(value: unknown): value is State {
  return typeof value === "string" && Object.hasOwn(TRANSITIONS, value);
}

export function isFinal(state: State): state is FinalState {
  return STATES.indexOf(state) >= FIRST_FINAL;
}

export function mayBecome(from: State, to: State): boolean {
  return (TRANSITIONS[from] as readonly State[]).includes(to);
}
