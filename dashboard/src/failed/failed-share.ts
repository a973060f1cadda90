/** 0 … 1; of nothing that finished, nothing failed. */
export function failedShare({
  finished,
  failed,
}: {
  readonly finished: number;
  readonly failed: number;
}): number {
  return finished === 0 ? 0 : failed / finished;
}
