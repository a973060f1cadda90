import type { Call } from "./call.ts";

/** A timer that is given more goes off at once. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** Has a call abandoned when its signal aborts or its time is over; `call.release` undoes that. */
export function limitCall(
  call: Call,
  signal: AbortSignal | undefined,
  limitMs: number | null,
  abandon: (reason: unknown) => void,
): void {
  const onAbort = (): void => abandon(signal?.reason);
  const onTimeout = (): void => {
    const rest = call.task && !call.cancelOnAbort ? `; task ${call.task} goes on` : "";
    abandon(new DOMException(`No answer within ${limitMs} ms${rest}.`, "TimeoutError"));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = limitMs === null ? null : setTimeout(onTimeout, Math.min(limitMs, LONGEST_TIMER_MS));
  call.release = () => {
    signal?.removeEventListener("abort", onAbort);
    if (timer !== null) clearTimeout(timer);
  };
}
