/** What was measured over a while, as one row of bars for each figure. */
import type { HistoryPoint, HistoryView } from "../protocol/messages.ts";
import { tellDuration } from "../task/duration.ts";
import { count, milliseconds } from "./phrases.ts";
import { sparkline } from "./sparkline.ts";
import type { Terminal } from "./terminal.ts";

type Row = { title: string; of: (point: HistoryPoint) => number; tell: (value: number) => string };

const perSecond = (value: number): string => `${value < 10 ? Number(value.toFixed(1)) : count(value)}/s`;
const ROWS: readonly Row[] = [
  { title: "submitted", of: ({ perSecond: { submitted } }) => submitted, tell: perSecond },
  { title: "finished", of: ({ perSecond: { finished } }) => finished, tell: perSecond },
  { title: "failed", of: ({ perSecond: { failed } }) => failed, tell: perSecond },
  { title: "waiting", of: ({ waiting }) => waiting, tell: count },
  { title: "to the start, 99 %", of: ({ startDelayMs }) => startDelayMs.p99, tell: milliseconds },
  { title: "run, 99 %", of: ({ runMs }) => runMs.p99, tell: milliseconds },
];
const MOST_BARS = 60;
/** Titles and figures beside the bars. */
const BESIDE = 40;

export function showHistory(terminal: Terminal, { window, stepMs, points }: HistoryView): void {
  if (points.length === 0) {
    terminal.note("Nothing was measured yet: look again in a few seconds.");
    return;
  }
  const width = Math.max(10, Math.min(MOST_BARS, (terminal.columns ?? MOST_BARS + BESIDE) - BESIDE));
  const title = Math.max(...ROWS.map((row) => row.title.length));
  const spanMs = points.at(-1)!.at - points[0]!.at + stepMs;
  terminal.say(terminal.style("dim", `the last ${tellDuration(spanMs)} of ${window}, until now`));
  for (const row of ROWS) {
    const values = filled(points, stepMs).map((point) => (point === null ? null : row.of(point)));
    const most = Math.max(...values.map((value) => value ?? 0));
    const latest = values.at(-1)!;
    const figures = `${row.tell(latest)} now, ${row.tell(most)} at most`;
    terminal.say(`${row.title.padEnd(title)}  ${sparkline(values, width)}  ${figures}`);
  }
}

/** With null for each step in which nothing was measured. */
function filled(points: readonly HistoryPoint[], stepMs: number): (HistoryPoint | null)[] {
  const all: (HistoryPoint | null)[] = [];
  for (const point of points) {
    const last = points[0]!.at + all.length * stepMs;
    for (let at = last; at < point.at; at += stepMs) all.push(null);
    all.push(point);
  }
  return all;
}
