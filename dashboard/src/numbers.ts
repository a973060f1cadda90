/** Numbers, sizes and times as people read them, in their language. */
import { numberFormat } from "./locale.ts";

export function rate(value: number): string {
  // One task a minute is not none.
  if (value > 0 && value < 0.1) return numberFormat({ maximumSignificantDigits: 2 }).format(value);
  return value < 10 ? decimal(value, 1) : compact(value);
}

/** 12,345 as it is, a million as 1M. */
export function compact(value: number): string {
  if (value >= 100_000) return numberFormat({ notation: "compact", maximumFractionDigits: 1 }).format(value);
  return decimal(value, 0);
}

/** 0 … 1, as per cent. */
export function share(value: number): string {
  return numberFormat({ style: "percent", maximumFractionDigits: value < 0.1 ? 1 : 0 }).format(value);
}

export function duration(ms: number): string {
  if (ms < 1) return `${decimal(ms, 2)} ms`;
  if (ms < 10) return `${decimal(ms, 1)} ms`;
  if (ms < 1000) return `${decimal(ms, 0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${decimal(seconds, 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, "min", Math.floor(seconds % 60), "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Between two instants that are told in whole milliseconds. */
export function took(ms: number): string {
  return ms < 1 ? "< 1 ms" : duration(ms);
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${decimal(value, value < 10 && at > 0 ? 1 : 0)} ${units[at]}`;
}

function decimal(value: number, digits: number): string {
  return numberFormat({ maximumFractionDigits: digits }).format(value);
}
