/** Milliseconds of a clock that all threads and processes of the machine share and that never jumps. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monoMs(): number {
  return OFFSET_MS + performance.now();
}
