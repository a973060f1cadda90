import { stripVTControlCharacters } from "node:util";
import type { Terminal } from "./terminal.ts";

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string | number | null | undefined;
  readonly isRight?: boolean;
};

/** Rows under titles, as wide as needed. Nothing to show is said in words, beside the output. */
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
  const cells = rows.map((row) => columns.map((column) => String(column.cell(row) ?? "")));
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => stripVTControlCharacters(row[at]!).length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const pad = " ".repeat(widths[at]! - stripVTControlCharacters(cell).length);
        return columns[at]!.isRight ? pad + cell : cell + pad;
      })
      .join("  ")
      .trimEnd();
  terminal.say(terminal.style("dim", line(columns.map((column) => column.title))));
  for (const row of cells) terminal.say(line(row));
}

/** Names and values, one a line. What is undefined is left out. */
export function showFacts(terminal: Terminal, facts: readonly (readonly [string, unknown])[]): void {
  const known = facts.filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  for (const [name, value] of known) {
    const text =
      typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
    terminal.say(`${terminal.style("dim", name.padEnd(width))}  ${text}`);
  }
}
