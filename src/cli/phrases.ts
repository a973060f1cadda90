/** Numbers and instants as people read them. */
import { tellDuration } from "../task/duration.ts";
import type { State } from "../task/state.ts";
import type { Style, Terminal } from "./terminal.ts";

export const GIVE_TOKEN =
  "Give the token that node was started with: --token, TANDA_TOKEN, or a file with it in TANDA_TOKEN_FILE.";

export function instant(ms: number | undefined | null): string | undefined {
  return typeof ms === "number" ? new Date(ms).toISOString() : undefined;
}

export function ago(ms: number, now: number): string {
  return ms > now ? `in ${tellDuration(ms - now)}` : `${tellDuration(now - ms)} ago`;
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

/** A rate, or what is nearly none of it: small ones to a tenth. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return "<0.1";
  return perSecond < 10 ? String(Math.round(perSecond * 10) / 10) : count(perSecond);
}

/** Attempts go on being numbered after a retry or a loss, which begin or do not touch what is allowed: then "2 of 1" would be nonsense. */
export function attemptOf(view: { attempt: number; attempts: number }, of: string): string {
  return view.attempt > view.attempts ? String(view.attempt) : `${view.attempt}${of}${view.attempts}`;
}

/** As a measurement: short ones to a tenth. */
export function milliseconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : tellDuration(ms);
}

const WHY_NOT: ReadonlyMap<string, string> = new Map([
  ["EACCES", "you may not"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of its path is no folder"],
  ["EROFS", "that disk is read only"],
]);

/** A file's error in words. @param what is not there when nothing is. */
export function whyNot(thrown: unknown, what: string): string {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${what} is not there`;
  return WHY_NOT.get(code ?? "") ?? (thrown instanceof Error ? thrown.message : String(thrown));
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
