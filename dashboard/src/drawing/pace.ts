/** How a flow looks at a rate: it must be told apart at one task a minute and at 100,000 a second, so it grows with the logarithm. */
export type Pace = {
  /** Between two marks that travel, and so how dense they are. */
  readonly gapPx: number;
  readonly widthPx: number;
  /** For one gap. */
  readonly seconds: number;
};

/** One task a minute and 100,000 a second: below and above, nothing changes any more. */
const SLOWEST = Math.log10(1 / 60);
const FASTEST = 5;

/** Null when nothing flows. */
export function paceOf(perSecond: number): Pace | null {
  if (perSecond <= 0) return null;
  const size = Math.min(1, Math.max(0, (Math.log10(perSecond) - SLOWEST) / (FASTEST - SLOWEST)));
  // Steps, so that a rate that trembles does not begin the movement anew each second.
  const step = Math.round(size * 14) / 14;
  const gapPx = 72 - 58 * step;
  const speedPx = 22 + 110 * step;
  return { gapPx, widthPx: 4 + 2.5 * step, seconds: gapPx / speedPx };
}
