/** A row of numbers as a row of small bars, the tallest of which is the largest number. */
const BARS = "▁▂▃▄▅▆▇█";

/** @param width columns at most: neighbours share one, and the larger counts. Nothing (null) is a blank. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const each = Math.max(1, Math.ceil(values.length / width));
  const columns: (number | null)[] = [];
  for (let at = 0; at < values.length; at += each) columns.push(largest(values.slice(at, at + each)));
  const most = Math.max(...columns.map((value) => value ?? 0));
  return columns
    .map((value) => {
      if (value === null) return " ";
      return BARS[most === 0 ? 0 : Math.ceil((value / most) * (BARS.length - 1))]!;
    })
    .join("");
}

function largest(values: readonly (number | null)[]): number | null {
  return values.reduce((most, value) => (most === null || (value !== null && value > most) ? value : most));
}
