/** One workload: a line for each system with its bar, how far its rounds were apart, and its figures. */
import { element, type Svg, text } from "../chart/svg.ts";
import { format, type Spread } from "../figures.ts";
import type { Column, Row, Section } from "./rows.ts";

export const PANEL_WIDTH = 470;
const HEAD = 57;
const FOOT = 22;
const LINE = 25;
const BAR = 14;
const NAMES = 200;
const FIGURE = 66;
const CAP = 3.5;
/** Beyond the longest bar: for its whisker. */
const BEYOND = 8;

export function heightOf(rows: number): number {
  return HEAD + rows * LINE + FOOT;
}

export function panel(section: Section, rows: readonly Row[], x: number, y: number): Svg {
  const { workload, says, isLessBetter } = section;
  // The one that the bars are of stands nearest to them.
  const columns = section.columns.toReversed();
  const room = PANEL_WIDTH - NAMES - columns.length * FIGURE - BEYOND;
  const scale = room / longestOf(rows);
  const better = isLessBetter ? "shorter is better" : "longer is better";
  return element(
    "g",
    { transform: `translate(${x} ${y})` },
    element(
      "text",
      { class: "panel", x: 0, y: 14 },
      element("tspan", { class: "workload" }, text(workload)),
      element("tspan", { dx: 8 }, text(says)),
    ),
    element("text", { class: "quiet", x: NAMES, y: HEAD - 14 }, text(better)),
    ...columns.map((column, at) => figureText("quiet", columns.length, at, HEAD - 14, titleOf(column))),
    element("path", { class: "base", d: `M${NAMES} ${HEAD - 6}V${HEAD + rows.length * LINE}` }),
    ...rows.flatMap((row, at) => line(row, HEAD + at * LINE, scale, room)),
  );
}

function titleOf({ title, unit }: Column): string {
  return unit === "ms" ? `${title}, ms` : title;
}

/** A yardstick may be many times what the systems are: then it is cut off, and looks it. */
function longestOf(rows: readonly Row[]): number {
  const systems = rows.filter(({ system }) => system.promise !== "yardstick");
  const shown = systems.length > 0 ? systems : rows;
  return Math.max(...shown.map(({ spreads }) => spreads.at(-1)!.most));
}

function line({ system, spreads }: Row, y: number, scale: number, room: number): Svg[] {
  const spread = spreads.at(-1)!;
  const middle = y + LINE / 2 - 2;
  const isCut = spread.median * scale > room;
  const width = Math.max(1.5, Math.min(spread.median * scale, room));
  const ours = system.promise === "tanda" ? " ours" : "";
  return [
    element("text", { class: `name${ours}`, x: NAMES - 10, y: middle + 4 }, text(system.title)),
    element("rect", {
      class: `bar ${system.promise}`,
      x: NAMES,
      y: middle - BAR / 2,
      width,
      height: BAR,
      rx: 2,
    }),
    ...(isCut ? cut(NAMES + room - 26, middle) : whisker(spread, middle, scale)),
    ...spreads
      .toReversed()
      .map((it, at) =>
        figureText(
          at === 0 ? `figure${ours}` : "beside",
          spreads.length,
          at,
          middle + 4,
          it ? format(it.median) : "–",
        ),
      ),
  ];
}

function figureText(className: string, columns: number, at: number, y: number, words: string): Svg {
  return element(
    "text",
    { class: `${className} end`, x: PANEL_WIDTH - (columns - 1 - at) * FIGURE, y },
    text(words),
  );
}

function whisker({ least, most }: Spread, y: number, scale: number): Svg[] {
  const [from, to] = [NAMES + least * scale, NAMES + most * scale];
  if (to - from < 1) return [];
  const caps = [from, to].map((x) => `M${round(x)} ${y - CAP}v${2 * CAP}`);
  const d = `M${round(from)} ${y}H${round(to)}${caps.join("")}`;
  // The first is its halo: it lies on bars of any colour.
  return ["halo", "whisker"].map((part) => element("path", { class: part, d }));
}

/** As an axis is broken: a slanted gap between two strokes. */
function cut(x: number, y: number): Svg[] {
  const [low, rise] = [y + BAR / 2 + 3, BAR + 6];
  return [
    element("path", { class: "gap", d: `M${x} ${low}l6 ${-rise}h7l-6 ${rise}z` }),
    element("path", { class: "gap-edge", d: `M${x} ${low}l6 ${-rise}M${x + 7} ${low}l6 ${-rise}` }),
  ];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
