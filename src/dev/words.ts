/** Findings as sentences for people: what the handler does, and what to do about it. */
import { dirname } from "node:path";
import { inspect } from "node:util";
import type { Finding } from "./judge.ts";

export type Told = {
  /** Follows the action's name. */
  readonly says: string;
  readonly advice: string;
};

const MOST_CHARS = 60;
const KEY = "context.idempotencyKey";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i;
/** Ten years around now. */
const NEAR_MS = 5 * 365 * 86_400_000;

export function tell(finding: Finding, now: number): Told {
  switch (finding.kind) {
    case "result":
      return {
        says: `gives another result when it runs again, at ${finding.path}: ${short(finding.first)}, then ${short(finding.second)}`,
        advice: adviceOnResult(finding.first, finding.second, now),
      };
    case "outcome":
      return {
        says: `ends well, and fails when it runs again: ${finding.error.code}: ${cut(finding.error.message)}`,
        advice: "Have it notice that its work is done already, and give the same result.",
      };
    case "request": {
      const what = `${finding.method} ${cut(finding.url)}`;
      if (finding.hadTokens)
        return {
          says: `sends ${what} again with another Idempotency-Key`,
          advice: `Give it the same one in every attempt: ${KEY}.`,
        };
      return {
        says: `sends ${what} twice, and nothing tells the receiver that it is the same`,
        advice: `Give it an Idempotency-Key, e.g. ${KEY}.`,
      };
    }
    case "submit":
      return {
        says: `submits a task of ${finding.action} twice`,
        advice: `Give it a key, the same in every attempt, e.g. { key: \`\${${KEY}}:${finding.action}\` }.`,
      };
    case "file": {
      const { first, second } = finding;
      if (first.path !== second.path)
        return {
          says: `leaves another file each time: ${cut(first.path)}, then ${cut(second.path)}`,
          advice: `Name the file after the payload or the task, e.g. with ${KEY}.`,
        };
      return {
        says: `leaves ${cut(first.path)} otherwise when it runs again: ${size(first.bytes)}, then ${first.bytes === second.bytes ? `${first.bytes} others` : second.bytes}`,
        advice: "Write the whole file from the payload alone; do not append to it or count in it.",
      };
    }
    case "abort":
      return {
        says: "goes on for more than a second after its signal was aborted",
        advice: "Give context.signal to what it waits for, or call signal.throwIfAborted() between steps.",
      };
    case "process":
      return {
        says: `starts ${JSON.stringify(cut(finding.command))} in every run`,
        advice: "What it does cannot be seen from here: look whether twice does harm.",
      };
    case "connection":
      return {
        says: `talks with ${cut(finding.to)} in every run, in a protocol that is not looked into`,
        advice: "Look whether what it does there may happen twice.",
      };
  }
}

/** The same thing, found again with another task. */
export function kindOf(finding: Finding): string {
  switch (finding.kind) {
    case "result":
      return `result ${finding.path}`;
    case "request":
      return `request ${finding.method} ${withoutIds(finding.url)}`;
    case "submit":
      return `submit ${finding.action}`;
    case "process":
      return `process ${finding.command}`;
    case "connection":
      return `connection ${finding.to}`;
    case "file":
      return `file ${finding.first.path === finding.second.path} ${dirname(finding.second.path)}`;
    default:
      return finding.kind;
  }
}

/** What nobody here can judge is said, and is no fault. */
export function isFault(finding: Pick<Finding, "kind">): boolean {
  return finding.kind !== "process" && finding.kind !== "connection";
}

/** Parts of a path with a digit in them name one of many. */
function withoutIds(url: string): string {
  return url
    .replace(/\?.*/s, "")
    .split("/")
    .map((part, at) => (at > 2 && /\d/.test(part) ? "*" : part))
    .join("/");
}

function adviceOnResult(first: unknown, second: unknown, now: number): string {
  const both = (isSo: (value: unknown) => boolean): boolean => isSo(first) && isSo(second);
  if (both((value) => Math.abs(timeOf(value) - now) < NEAR_MS))
    return "It looks like the time of the run: take it from the payload, or leave it out.";
  if (both((value) => typeof value === "string" && UUID.test(value)))
    return `It looks like an id made anew in each run: take one from the payload, or make it of ${KEY}.`;
  if (both((value) => typeof value === "number" && value > 0 && value < 1))
    return `It looks like chance: make it of ${KEY}, or leave it out.`;
  return "Have it depend on the payload alone, not on chance, the time, or what earlier runs left.";
}

function size(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

function timeOf(value: unknown): number {
  if (typeof value === "number") return value > 1e11 ? value : value * 1000;
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
}

function short(value: unknown): string {
  return value === undefined ? "nothing" : cut(JSON.stringify(value));
}

function cut(text: string): string {
  return shorten(text, MOST_CHARS);
}

/** What comes from a handler may be long, and hold what moves a person's cursor. */
export function shorten(text: string, most: number): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not be shown
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (letter) => inspect(letter).slice(1, -1));
  return plain.length > most ? `${plain.slice(0, most)}…` : plain;
}
