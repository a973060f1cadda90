/** The table of processes as lines of text, as wide as the screen. */
import type { Row } from "./row.ts";
import type { State } from "./supervised.ts";

export type Paint = (
  style: "bold" | "dim" | "green" | "yellow" | "red" | "cyan" | "blue",
  text: string,
) => string;

type Column = {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly isRight?: true;
  readonly style?: (row: Row) => Parameters<Paint>[0] | null;
  /** Only shown on a screen at least so wide. */
  readonly from?: number;
};

const GAP = "  ";
const MARGIN = " ";
const LEAST_BAR = 3;
const MOST_BAR = 20;
/** "● restarting in 30s" */
const STATE_WIDTH = 19;
/** " 100 %" */
const PERCENT_WIDTH = 6;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

export function tableLines(rows: readonly Row[], width: number, now: number, paint: Paint): string[] {
  const columns = columnsOf(now).filter(
    ({ from = 0, cell, title }) => width >= from && (title === "" || rows.some((row) => cell(row) !== "")),
  );
  const widths = columns.map(({ title, cell }) =>
    Math.max(title.length, ...rows.map((row) => cell(row).length)),
  );
  const shareIn = (row: Row): number | null => row.tasks?.ran?.share ?? null;
  const isShared = rows.some((row) => shareIn(row) !== null);
  const at = columns.findIndex(({ title }) => title === "STATE");
  const rest =
    widths.reduce((sum, one) => sum + one + GAP.length, MARGIN.length + PERCENT_WIDTH) - widths[at]!;
  const hasShares = isShared && rest + STATE_WIDTH <= width;
  // However long a state is told, what stands after it stays where it is.
  if (hasShares) widths[at] = STATE_WIDTH;
  const bar = Math.min(MOST_BAR, width - rest - STATE_WIDTH);
  const line = (row: Row): string => {
    const cells = columns.map((column, at) => {
      const text = column.cell(row).slice(0, widths[at]);
      const painted = paintIf(paint, column.style?.(row) ?? null, text);
      const pad = " ".repeat(Math.max(0, widths[at]! - text.length));
      return column.isRight ? pad + painted : painted + pad;
    });
    const share = shareIn(row);
    if (hasShares && share !== null) {
      const drawn = bar < LEAST_BAR ? "" : paint("cyan", barOf(share, bar));
      cells.push(`${drawn}${`${share} %`.padStart(PERCENT_WIDTH)}`);
    }
    return `${MARGIN}${cells.join(GAP)}`.trimEnd();
  };
  const titles = columns.map(({ title, isRight }, at) =>
    isRight ? title.padStart(widths[at]!) : title.padEnd(widths[at]!),
  );
  if (hasShares) titles.push("SHARE");
  return [paint("dim", `${MARGIN}${titles.join(GAP)}`.trimEnd()), ...rows.map(line)];
}

function columnsOf(now: number): Column[] {
  const number = (read: (row: Row) => number | undefined) => (row: Row) => {
    const value = read(row);
    return value === undefined ? "" : compact(value);
  };
  return [
    { title: "PROCESS", cell: (row) => row.name, style: () => "bold" },
    { title: "ROLE", cell: (row) => row.role, from: 96 },
    { title: "PID", cell: ({ pid }) => (pid === null ? "" : String(pid)), isRight: true, from: 72 },
    { title: "PORT", cell: ({ port }) => (port === null ? "" : String(port)), isRight: true },
    { title: "DONE", cell: number(({ tasks }) => tasks?.ran?.done), isRight: true },
    {
      title: "FAILED",
      cell: number(({ tasks }) => tasks?.ran?.failed || undefined),
      isRight: true,
      style: () => "red",
    },
    { title: "PER S", cell: number(({ tasks }) => tasks?.ran?.perSecond), isRight: true },
    { title: "OPEN", cell: number(({ tasks }) => tasks?.inFlight), isRight: true, from: 64 },
    { title: "STATE", cell: (row) => `● ${stateText(row.state, now)}`, style: (row) => styleOf(row.state) },
  ];
}

export function stateText(state: State, now: number): string {
  if (state.is !== "restarting") return state.is;
  return `restarting in ${Math.max(0, Math.ceil((state.at - now) / 1000))}s`;
}

/** At most seven characters. */
export function compact(value: number): string {
  const whole = Math.round(value);
  if (whole < 1_000_000) return whole.toLocaleString("en");
  return whole < 1e9 ? `${(whole / 1e6).toFixed(2)} M` : `${(whole / 1e9).toFixed(2)} G`;
}

/** To an eighth of a letter. */
function barOf(percent: number, width: number): string {
  const eighths = Math.round((percent / 100) * width * 8);
  return `${"█".repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8]}`.padEnd(width);
}

function styleOf({ is }: State): Parameters<Paint>[0] | null {
  if (is === "ready") return "green";
  if (is === "failed" || is === "restarting") return "red";
  return is === "stopped" || is === "waiting" ? "dim" : "yellow";
}

function paintIf(paint: Paint, style: Parameters<Paint>[0] | null, text: string): string {
  return style === null ? text : paint(style, text);
}
