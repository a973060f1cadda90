/** What queues and actions did lately. Of several processes rates and counts add up; percentiles have no sum, and the worst is told. */

/** Over the last 10 s. What was refused is not counted as submitted; `failed` is a part of `finished`. */
export type PerSecond = { submitted: number; finished: number; failed: number };
/** Milliseconds; 0 when nothing was measured. */
export type Percentiles = { p50: number; p99: number };
/** Tasks that finished in the last 10 min, those `failed` among them; delays and run times of attempts. */
export type Last10m = { finished: number; failed: number; startDelayMs: Percentiles; runMs: Percentiles };

export type QueueRates = { queue: string; perSecond: PerSecond };
export type ActionRates = { action: string; perSecond: PerSecond; last10m: Last10m };

/** What a process of an older version tells of it, and one that did nothing. */
const NO_RATE: PerSecond = { submitted: 0, finished: 0, failed: 0 };
const NO_TIME: Percentiles = { p50: 0, p99: 0 };
const NO_TASKS: Last10m = { finished: 0, failed: 0, startDelayMs: NO_TIME, runMs: NO_TIME };

export function addRates(a: PerSecond = NO_RATE, b: PerSecond = NO_RATE): PerSecond {
  return {
    submitted: a.submitted + b.submitted,
    finished: a.finished + b.finished,
    failed: a.failed + b.failed,
  };
}

export function worse(a: Percentiles, b: Percentiles): Percentiles {
  return { p50: Math.max(a.p50, b.p50), p99: Math.max(a.p99, b.p99) };
}

/** To be spread over the view of an action. */
export function addActionRates(
  a: Partial<ActionRates> = {},
  b: Partial<ActionRates> = {},
): Omit<ActionRates, "action"> {
  return { perSecond: addRates(a.perSecond, b.perSecond), last10m: addLast10m(a.last10m, b.last10m) };
}

function addLast10m(a: Last10m = NO_TASKS, b: Last10m = NO_TASKS): Last10m {
  return {
    finished: a.finished + b.finished,
    failed: a.failed + b.failed,
    startDelayMs: worse(a.startDelayMs, b.startDelayMs),
    runMs: worse(a.runMs, b.runMs),
  };
}
