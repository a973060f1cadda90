import { TandaError } from "./errors.ts";

/** "250ms", "10s", "5m", "2h", "7d", or a number of milliseconds. */
export type Duration = number | string;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const LONGEST_MS = 3650 * 86_400_000;

/** @returns whole milliseconds. @throws bad_request when it is not a duration, is negative or over ten years. */
export function parseDuration(value: unknown, what: string): number {
  let ms = Number.NaN;
  if (typeof value === "number") ms = value;
  else if (typeof value === "string") {
    const match = FORM.exec(value.trim());
    if (match) ms = Number(match[1]) * (UNIT_MS.get(match[2]!) ?? Number.NaN);
  }
  if (!Number.isFinite(ms) || ms < 0 || ms > LONGEST_MS) {
    throw new TandaError("bad_request", `${what} is not a duration: ${JSON.stringify(value)?.slice(0, 60)}`, {
      hint: 'Write "250ms", "10s", "5m", "2h", "7d" or a number of milliseconds.',
    });
  }
  return Math.round(ms);
}

/** The shortest exact text of the form {@link parseDuration} reads; "1.5s" rather than "1500ms". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  for (const [unit, size] of [...UNIT_MS].toReversed()) {
    if (ms >= size) return `${Number((ms / size).toFixed(unit === "s" ? 1 : 2))}${unit}`;
  }
  return `${ms}ms`;
}

/** For people: two units at most, so "2m 8s", where {@link formatDuration} has the exact "2.13m". */
export function tellDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))}s`;
  let rest = Math.round(ms / 1000);
  const days = Math.floor(rest / 86_400);
  rest -= days * 86_400;
  const hours = Math.floor(rest / 3600);
  rest -= hours * 3600;
  const minutes = Math.floor(rest / 60);
  const seconds = rest - minutes * 60;
  const parts: [number, string][] = [
    [days, "d"],
    [hours, "h"],
    [minutes, "m"],
    [seconds, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => count + unit)
    .join(" ");
}
