/** One thread: its name and what it costs, then a line for each stage with its bar, and below it what in it costs most. */
import { MARGIN } from "../chart/sheet.ts";
import { element, type Svg, text } from "../chart/svg.ts";
import { isWhole, type Breakdown, type Costing, type Stage, type ThreadCosts } from "./breakdown.ts";

export const WIDTH = 640;
export const CONTENT = WIDTH - 2 * MARGIN;
const HEAD = 50;
/** Of a thread of one piece. */
const WHOLE = 58;
const LINE = 27;
const FUNCTIONS = 21;
const AFTER = 20;
const NAMES = 222;
const FIGURES = 56;
const BAR = 15;
/** A stage of less than this share of all is counted with its like. */
const LEAST_SHARE = 0.005;
const MOST_FUNCTIONS = 6;
const LEAST_WIDTH = 2.5;
/** Less is chance. */
const LEAST_TOLD_US = 0.04;
/** So many letters of the quiet text are as wide as the picture, in a font that is not known. */
const MOST_CHARS = 74;

/** @returns pixels for a microsecond, the same in all bars of stages. */
export function scaleOf({ threads, us }: Breakdown): number {
  const longest = Math.max(...threads.flatMap((thread) => shown(thread, us)).map((stage) => stage.us));
  return (CONTENT - NAMES - FIGURES) / longest;
}

export function heightOf(thread: ThreadCosts, all: number): number {
  if (isWhole(thread)) return WHOLE;
  return HEAD + shown(thread, all).reduce((sum, stage) => sum + heightOfStage(stage), 0) + AFTER;
}

export function drawThread(thread: ThreadCosts, all: number, scale: number, y: number): Svg {
  const { kind, title, says, us } = thread;
  let below = HEAD;
  const stages = shown(thread, all).flatMap((stage) => {
    const drawn = drawStage(stage, kind, scale, below);
    below += heightOfStage(stage);
    return drawn;
  });
  return element(
    "g",
    { transform: `translate(${MARGIN} ${y})` },
    element("rect", { class: `of ${kind}`, x: 0, y: 1, width: 15, height: 15, rx: 3 }),
    element("text", { class: "thread", x: 25, y: 15 }, text(title)),
    element("text", { class: "us whole", x: CONTENT, y: 15 }, text(label(us))),
    element("text", { class: "quiet", x: 25, y: 36 }, text(says)),
    ...(isWhole(thread) ? [] : stages),
  );
}

export function label(us: number): string {
  return us.toFixed(2);
}

function shown({ stages, us: own }: ThreadCosts, all: number): Stage[] {
  const large = stages.filter(({ us }) => us >= LEAST_SHARE * all);
  if (stages.length - large.length <= 1) return [...stages];
  const rest = own - large.reduce((sum, { us }) => sum + us, 0);
  return [...large, { name: "the rest", us: rest, functions: [] }];
}

function heightOfStage(stage: Stage): number {
  return functionsOf(stage) === "" ? LINE + 4 : LINE + FUNCTIONS;
}

function drawStage(stage: Stage, kind: string, scale: number, y: number): Svg[] {
  const middle = y + LINE / 2;
  const below = functionsOf(stage);
  return [
    element("text", { class: "stage", x: 0, y: middle + 5 }, text(stage.name)),
    ...bar(stage, kind, scale, middle - BAR / 2),
    element("text", { class: "us", x: CONTENT, y: middle + 5 }, text(label(stage.us))),
    ...(below === "" ? [] : [element("text", { class: "quiet", x: 0, y: y + LINE + 12 }, text(below))]),
  ];
}

/** Cut into its functions, the dearest first and strongest; the rest is faint. */
function bar({ us, functions }: Stage, kind: string, scale: number, y: number): Svg[] {
  const end = NAMES + Math.max(1.5, us * scale);
  const pieces: Svg[] = [];
  let x = NAMES;
  const piece = (to: number, opacity: number): void => {
    const width = Math.max(1, to - x - 1);
    pieces.push(element("rect", { class: `of ${kind}`, x, y, width, height: BAR, rx: 1.5, opacity }));
    x = to;
  };
  for (const [at, one] of functions.slice(0, MOST_FUNCTIONS).entries()) {
    if (functions.length === 1 || one.us * scale < LEAST_WIDTH) break;
    piece(x + one.us * scale, 1 - at * 0.11);
  }
  if (end - x >= 1 || pieces.length === 0) piece(end, functions.length > 1 ? 0.3 : 1);
  return pieces;
}

/** As many as there is room for. */
function functionsOf({ functions }: Stage): string {
  if (functions.length < 2) return "";
  let said = "";
  for (const one of functions) {
    const next = said === "" ? say(one) : `${said} · ${say(one)}`;
    if (next.length > MOST_CHARS || one.us < LEAST_TOLD_US) break;
    said = next;
  }
  return said;
}

function say({ name, us }: Costing): string {
  return `${name} ${label(us)}`;
}
