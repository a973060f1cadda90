import { visibleLine } from "../protocol/visible.ts";
import type { Terminal } from "./terminal.ts";

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string | number | null | undefined;
  readonly isRight?: boolean;
  /** On a screen that is too narrow, this column gives way. */
  readonly mayBeCut?: boolean;
};

const LEAST_WIDTH = 6;
const GAP = "  ";

/**
 * Rows under titles, as wide as needed; on a screen without the columns that are empty, and as narrow as it is where columns may
 * be cut. Nothing to show is said in words, beside the output.
 */
export function showTable<Row>(
  terminal: Terminal,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  nothing: string,
): void {
  if (rows.length === 0) {
    terminal.note(nothing);
    return;
  }
  const isFull = (column: Column<Row>): boolean =>
    terminal.columns === null || rows.some((row) => (column.cell(row) ?? "") !== "");
  const shown = columns.filter(isFull);
  const cells = rows.map((row) => shown.map((column) => visibleLine(String(column.cell(row) ?? ""))));
  const widths = shown.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => terminal.plain(row[at]!).length)),
  );
  if (terminal.columns !== null) narrow(shown, widths, terminal.columns);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const seen = terminal.plain(cell);
        const isCut = seen.length > widths[at]!;
        const text = isCut ? `${seen.slice(0, widths[at]! - 1)}…` : cell;
        const pad = " ".repeat(widths[at]! - (isCut ? widths[at]! : seen.length));
        return shown[at]!.isRight ? pad + text : text + pad;
      })
      .join(GAP)
      .trimEnd();
  terminal.say(terminal.style("dim", line(shown.map((column) => column.title))));
  for (const row of cells) terminal.say(line(row));
}

/** The widest that may be cut gives way first. */
function narrow(columns: readonly Column<never>[], widths: number[], most: number): void {
  let over = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - most;
  for (; over > 0; over--) {
    let widest = -1;
    for (const [at, width] of widths.entries()) {
      if (columns[at]!.mayBeCut && width > LEAST_WIDTH && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest === -1) return;
    widths[widest]!--;
  }
}

/** Names and values, one a line. What is undefined is left out. */
export function showFacts(terminal: Terminal, facts: readonly (readonly [string, unknown])[]): void {
  const known = facts.filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  for (const [name, value] of known) {
    const text =
      typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
    terminal.say(`${terminal.style("dim", name.padEnd(width))}  ${visibleLine(text)}`);
  }
}
