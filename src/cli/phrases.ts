/** Numbers and instants as people read them. */
import { formatDuration } from "../task/duration.ts";
import type { State } from "../task/state.ts";
import type { Style, Terminal } from "./terminal.ts";

export function instant(ms: number | undefined | null): string | undefined {
  return typeof ms === "number" ? new Date(ms).toISOString() : undefined;
}

export function ago(ms: number, now: number): string {
  return ms > now ? `in ${formatDuration(ms - now)}` : `${formatDuration(now - ms)} ago`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

const STATE_STYLES: Readonly<Record<State, Style>> = {
  scheduled: "cyan",
  queued: "blue",
  running: "yellow",
  retrying: "magenta",
  done: "green",
  failed: "red",
  cancelled: "gray",
  expired: "gray",
};

export function stateWord(state: State, terminal: Terminal): string {
  return terminal.style(STATE_STYLES[state], state);
}
