const CLOSE_MS = 0.05;
const MOST_LOOKS = 100;

/**
 * How far one clock is ahead of another, in ms. Between two looks the machine may stand still for milliseconds; so one is looked at
 * before and after the other, until both looks are close together, and the closest pair counts.
 */
export function aheadMs(ahead: () => number, behind: () => number): number {
  let closest = { apart: Infinity, by: 0 };
  for (let look = 0; look < MOST_LOOKS && closest.apart > CLOSE_MS; look++) {
    const before = ahead();
    const between = behind();
    const apart = ahead() - before;
    if (apart < closest.apart) closest = { apart, by: before + apart / 2 - between };
  }
  return closest.by;
}

const OFFSET_MS = aheadMs(
  () => Number(process.hrtime.bigint()) / 1e6,
  () => performance.now(),
);

/** Milliseconds of a clock that all threads and processes of the machine share and that never jumps. */
export function monoMs(): number {
  return OFFSET_MS + performance.now();
}
