/** Where each box stands: columns from left to right, or from top to bottom where the screen is narrow. */
import { isUp, type Box, type System } from "./system.ts";

export type Place = {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

const WIDTH = 172;
const COLUMN_GAP = 84;
const ROW_GAP = 18;
const NARROW_WIDTH = 158;
const NARROW_GAP = 40;

export function placesOf({ columns }: System, isNarrow: boolean): Place[] {
  return isNarrow ? stacked(columns) : sideBySide(columns);
}

function sideBySide(columns: System["columns"]): Place[] {
  const heights = columns.map((column) =>
    column.reduce((sum, box) => sum + heightOf(box) + ROW_GAP, -ROW_GAP),
  );
  const tallest = Math.max(...heights);
  return columns.flatMap((column, at) => {
    let y = (tallest - heights[at]!) / 2;
    return column.map((box) => {
      const height = heightOf(box);
      const place = { box, x: at * (WIDTH + COLUMN_GAP), y, width: WIDTH, height };
      y += height + ROW_GAP;
      return place;
    });
  });
}

/** Two beside each other at most: what is wider cannot be read. */
function stacked(columns: System["columns"]): Place[] {
  const places: Place[] = [];
  let y = 0;
  for (const column of columns) {
    for (let at = 0; at < column.length; at += 2) {
      const row = column.slice(at, at + 2);
      const left = -((row.length - 1) * (NARROW_WIDTH + ROW_GAP)) / 2;
      for (const [n, box] of row.entries())
        places.push({
          box,
          x: left + n * (NARROW_WIDTH + ROW_GAP),
          y,
          width: NARROW_WIDTH,
          height: heightOf(box),
        });
      y += Math.max(...row.map(heightOf)) + (at + 2 < column.length ? ROW_GAP : NARROW_GAP);
    }
  }
  return places;
}

/** More threads than this are drawn small, so that a worker with 64 does not fill the screen. */
export const MANY_THREADS = 16;
const THREADS_IN_A_ROW = 8;
const SMALL_THREADS_IN_A_ROW = 12;

/** As the style has it. */
export function heightOf(box: Box): number {
  const HEAD = 40;
  const LINE = 22;
  switch (box.kind) {
    case "balancer":
      return HEAD;
    case "worker":
      return HEAD + heightOfThreads(box.threads.length) + noteOf(box.health);
    case "queue":
      return HEAD + LINE * (1 + (box.oldestAgeMs === null ? 0 : 1) + (box.paused.length > 0 ? 1 : 0)) + 6;
    case "storage":
      return HEAD + LINE * 2 + 6;
    case "gateway":
      return HEAD + (isUp(box) ? LINE : 0) + 6 + noteOf(box.health);
    default:
      return HEAD + LINE + 6;
  }
}

function heightOfThreads(count: number): number {
  if (count > MANY_THREADS) return Math.ceil(count / SMALL_THREADS_IN_A_ROW) * 12 + 8;
  return Math.max(1, Math.ceil(count / THREADS_IN_A_ROW)) * 18 + 8;
}

function noteOf(health: string): number {
  return health === "well" ? 0 : 22;
}

/** What all of them take, in px before they are made to fit. */
export function sizeOf(places: readonly Place[]): { left: number; width: number; height: number } {
  const left = Math.min(...places.map(({ x }) => x));
  return {
    left,
    width: Math.max(...places.map(({ x, width }) => x + width)) - left,
    height: Math.max(...places.map(({ y, height }) => y + height)),
  };
}
