/** Where each box stands: columns from left to right, or from top to bottom where the screen is narrow. */
import type { Box, System } from "./system.ts";

export type Place = { readonly box: Box; readonly x: number; readonly y: number; readonly width: number };

const WIDTH = 168;
const COLUMN_GAP = 72;
const ROW_GAP = 20;
const NARROW_WIDTH = 150;
const NARROW_GAP = 44;

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
      const place = { box, x: at * (WIDTH + COLUMN_GAP), y, width: WIDTH };
      y += heightOf(box) + ROW_GAP;
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
        places.push({ box, x: left + n * (NARROW_WIDTH + ROW_GAP), y, width: NARROW_WIDTH });
      y += Math.max(...row.map(heightOf)) + (at + 2 < column.length ? ROW_GAP : NARROW_GAP);
    }
  }
  return places;
}

const THREADS_IN_A_ROW = 8;

/** As the style has it. */
export function heightOf(box: Box): number {
  const HEAD = 40;
  const LINE = 22;
  switch (box.kind) {
    case "balancer":
      return HEAD + 6;
    case "worker":
      return (
        HEAD + 8 + Math.max(1, Math.ceil(box.threads.length / THREADS_IN_A_ROW)) * 18 + noteOf(box.health)
      );
    case "queue":
      return HEAD + LINE * (1 + (box.oldestAgeMs === null ? 0 : 1) + (box.paused.length > 0 ? 1 : 0)) + 8;
    case "storage":
      return HEAD + LINE * 2 + 8;
    case "gateway":
      return HEAD + LINE + 8 + (box.health === "down" ? 0 : noteOf(box.health));
    default:
      return HEAD + LINE + 8;
  }
}

function noteOf(health: string): number {
  return health === "well" ? 0 : 22;
}
