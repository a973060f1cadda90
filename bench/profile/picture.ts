/**
 * The profile as a picture: what a task costs in front, a bar of all threads, then for each thread its stages, to one scale, each
 * bar cut into its functions. Narrow and with large letters, for a page on a phone shrinks it to half.
 */
import { MARGIN, sheet } from "../chart/sheet.ts";
import { element, type Svg, text } from "../chart/svg.ts";
import type { Report } from "../report.ts";
import { breakdownOf, type Breakdown } from "./breakdown.ts";
import { CONTENT, drawThread, heightOf, label, scaleOf, WIDTH } from "./picture-thread.ts";
import { PICTURE_STYLE } from "./picture-style.ts";

/** Lines of text, by their base, and upper edges of bars. */
const TOTAL_Y = 168;
const THREADS_Y = 190;
const THREADS = 30;
const STAGES_Y = THREADS_Y + THREADS + 2;
const STAGES = 9;
const LEGEND_Y = STAGES_Y + STAGES + 26;
const FIRST_Y = LEGEND_Y + 36;
/** Narrower is too narrow for a figure within it. */
const LEAST_WITH_FIGURE = 34;

export function draw(report: Report): string {
  const breakdown = breakdownOf(report);
  if (breakdown === null) return "";
  const scale = scaleOf(breakdown);
  let y = FIRST_Y;
  const threads = breakdown.threads.map((thread) => {
    const drawn = drawThread(thread, breakdown.us, scale, y);
    y += heightOf(thread, breakdown.us);
    return drawn;
  });
  return sheet(
    {
      width: WIDTH,
      height: y + 6,
      head: "Where the time of a task goes",
      title: `Where the time of a task goes: ${label(breakdown.us)} µs, by thread, stage and function`,
      says: subtitle(report, breakdown),
      style: PICTURE_STYLE,
    },
    ...inFront(breakdown),
    ...threads,
  );
}

function subtitle({ node, cores, rounds, at, isQuick }: Report, breakdown: Breakdown): string[] {
  const { connections, spread } = breakdown;
  const lines = `${connections} ${connections === 1 ? "connection" : "connections"}`;
  const range = `${spread.least.toFixed(1)} – ${spread.most.toFixed(1)}`;
  const measured = rounds === 1 ? "one round" : `mean of ${rounds} rounds (${range})`;
  const what = isQuick ? "a try with a few tasks, not a measurement" : measured;
  return [
    "processor time of each short task (W1), in microseconds",
    `${lines}, 1,000 in flight on each · ${cores} cores · Node ${node.slice(1)}`,
    `${what} · ${at.slice(0, 10)}`,
  ];
}

/** The whole, threads above and their stages below, each as wide as its share. */
function inFront({ us, clientUs, threads }: Breakdown): Svg[] {
  const parts: Svg[] = [];
  let x = MARGIN;
  for (const { kind, us: own, stages } of threads) {
    const width = (own / us) * CONTENT;
    parts.push(piece(kind, x, width, THREADS_Y, THREADS, 1));
    if (width >= LEAST_WITH_FIGURE) {
      const at = { class: "within", x: x + width / 2, y: THREADS_Y + THREADS / 2 + 5.5 };
      parts.push(element("text", at, text(own.toFixed(1))));
    }
    let from = x;
    for (const [at, stage] of stages.entries()) {
      const wide = (stage.us / us) * CONTENT;
      parts.push(piece(kind, from, wide, STAGES_Y, STAGES, Math.max(0.3, 0.85 - at * 0.11)));
      from += wide;
    }
    x += width;
  }
  const [left, right] = [
    { class: "quiet", x: MARGIN },
    { class: "quiet end", x: WIDTH - MARGIN },
  ];
  const legend = "Bars below: one scale, each cut into its functions, the dearest first.";
  return [
    element("text", { class: "total", x: MARGIN, y: TOTAL_Y }, text(`${us.toFixed(1)} µs`)),
    element("text", { ...right, y: TOTAL_Y }, text(`a task; its client takes ${clientUs.toFixed(1)} more`)),
    ...parts,
    element("text", { ...left, y: LEGEND_Y }, text(legend)),
  ];
}

/** With a hair's breadth to the next, where it is wide enough for one. */
function piece(kind: string, x: number, width: number, y: number, height: number, opacity: number): Svg {
  const seen = width > 3 ? width - 1 : width;
  return element("rect", { class: `of ${kind}`, x, y, width: seen, height, opacity });
}
