import type { HistoryPoint, HistoryView } from "../../../src/protocol/messages.ts";

/** A point for each step of the window up to the latest; null where nothing was measured, so that no line is drawn over it. */
export function filled({ stepMs, points }: HistoryView): { at: number; point: HistoryPoint | null }[] {
  const all: { at: number; point: HistoryPoint | null }[] = [];
  for (const point of points) {
    const next = (all.at(-1)?.at ?? point.at - stepMs) + stepMs;
    // One step may be missed by a sample that came late: that is no gap.
    for (let at = next; at < point.at; at += stepMs)
      all.push({ at, point: point.at - next > 3 * stepMs ? null : point });
    all.push({ at: point.at, point });
  }
  return all;
}
