/** One run as a picture: a panel for each workload, two by two, with the machine above and what the colours mean below. */
import type { Report } from "../report.ts";
import { MARGIN, sheet } from "../chart/sheet.ts";
import { element, type Svg, text } from "../chart/svg.ts";
import { BAR_STYLE } from "./bar-style.ts";
import { heightOf, panel, PANEL_WIDTH } from "./chart-panel.ts";
import { rowsOf, sections } from "./rows.ts";
import type { System } from "./systems.ts";

const GAP = 40;
const WIDTH = 2 * (MARGIN + PANEL_WIDTH) + GAP;
const HEAD = 84;
const LEGEND = 44;

const MEANINGS: readonly (readonly [System["promise"], string])[] = [
  ["tanda", "Tanda: every result back, kept, and flushed before it is told"],
  ["all", "promises the same"],
  ["some", "a part of it"],
  ["nothing", "nothing kept"],
  ["yardstick", "a yardstick"],
];

export function draw(report: Report): string {
  const filled = sections
    .map((section) => ({ section, rows: rowsOf(report, section) }))
    .filter(({ rows }) => rows.length > 0);
  const parts: Svg[] = [];
  let y = HEAD;
  for (let at = 0; at < filled.length; at += 2) {
    const pair = filled.slice(at, at + 2);
    pair.forEach(({ section, rows }, side) => {
      parts.push(panel(section, rows, MARGIN + side * (PANEL_WIDTH + GAP), y));
    });
    y += Math.max(...pair.map(({ rows }) => heightOf(rows.length)));
  }
  const height = y + LEGEND;
  return sheet(
    {
      width: WIDTH,
      height,
      head: "Tanda beside its peers",
      title: "Tanda beside its peers, measured in one run",
      says: [subtitle(report)],
      style: BAR_STYLE,
    },
    HATCHING,
    ...parts,
    ...legend(height - LEGEND / 2),
  );
}

function subtitle({ node, cores, rounds, at, isQuick }: Report): string {
  const day = at.slice(0, 10);
  const measured = rounds === 1 ? "one round" : `medians of ${rounds} rounds, whiskers from least to most`;
  const what = isQuick ? "a try with a few tasks, not a measurement" : measured;
  return `client, worker and server share ${cores} cores · Node ${node.slice(1)} · one run, in turns: ${what} · ${day}`;
}

const HATCHING = element(
  "defs",
  {},
  element(
    "pattern",
    {
      id: "hatching",
      width: 6,
      height: 6,
      patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    },
    element("rect", { class: "hatched-ground", width: 6, height: 6 }),
    element("rect", { class: "hatched-line", width: 2.4, height: 6 }),
  ),
);

function legend(y: number): Svg[] {
  let x = MARGIN;
  return MEANINGS.flatMap(([promise, says]) => {
    const swatch = element("rect", { class: `bar ${promise}`, x, y: y - 6, width: 22, height: 11, rx: 2 });
    const words = element("text", { class: "quiet", x: x + 29, y: y + 4 }, text(says));
    // Of a font that is not known: a little more than the widest.
    x += 29 + says.length * 6.3 + 20;
    return [swatch, words];
  });
}
