/** What flags are given, read and checked. All throw bad_request that names the flag. */
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";

export function wrong(message: string): TandaError {
  return new TandaError("bad_request", message);
}

/** A bare number is milliseconds, as in JSON. */
export function duration(flag: string, text: string): number {
  return parseDuration(/^\d+$/.test(text.trim()) ? Number(text) : text, `--${flag}`);
}

export function list(text: string, flag: string, isOne: (item: string) => boolean): string[] {
  const items = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const odd = items.find((item) => !isOne(item));
  if (odd !== undefined) throw wrong(`--${flag} cannot be ${JSON.stringify(odd)}`);
  return items;
}

/** As a Host header has it: a port may follow. */
export function isHostName(text: string): boolean {
  return /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text);
}

/** As a browser sends it; a slash at the end is forgiven. */
export function isOrigin(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\/[^/?#\s]+\/?$/i.test(text);
}

export function whole(flag: string, text: string, min: number, max: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw wrong(`--${flag} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
