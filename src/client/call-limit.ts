import type { Call } from "./call.ts";

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
  const timer = limitMs === null ? null : setTimeout(onTimeout, limitMs);
  call.release = () => {
    signal?.removeEventListener("abort", onAbort);
    if (timer !== null) clearTimeout(timer);
  };
}
