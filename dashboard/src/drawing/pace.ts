/** How a flow looks at a rate: it must be told apart at one task a minute and at 100,000 a second, so it grows with the logarithm. */
export type Pace = {
  /** Between two marks that travel, and so how dense they are. */
  readonly gapPx: number;
  readonly widthPx: number;
  /** For one gap. */
  readonly seconds: number;
};

const SLOWEST_PX = 30;

/** Null when nothing flows. */
export function paceOf(perSecond: number): Pace | null {
  if (perSecond <= 0) return null;
  const size = Math.log10(1 + perSecond * 10);
  const gapPx = Math.max(9, 64 - size * 10);
  const speedPx = SLOWEST_PX + size * 22;
  return { gapPx, widthPx: Math.min(6, 2 + size * 0.6), seconds: gapPx / speedPx };
}
