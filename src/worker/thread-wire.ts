/**
 * What node and thread say to each other on the thread's own pipe. Frames end with NUL, which no JSON text can hold.
 * To the thread: a batch of runs or a cancel, JSON with the payloads' text put in raw. To the node: one letter, then fields
 * separated by blanks, with JSON text raw at the end, so that the node never parses a result.
 */
import type { ActionInfo, LogLine } from "../task/task.ts";
import type { ErrorBody } from "../task/errors.ts";
import type { Run } from "./pool.ts";

export const END = "\0";

/** `[id, action, attempt, timeoutMs, task, payloadBlob, payload]` */
export type WireRun = [number, string, number, number, string, string | null, unknown];

/** What most runs of an action have in common. @param name the action's, as JSON text. */
export function encodeRunHead(name: string, attempt: number, timeoutMs: number): string {
  return `,${name},${attempt},${timeoutMs},"`;
}

/** Few pieces: each piece of a text costs as much as the text. */
export function encodeRun(id: number, head: string, { task, payload, payloadBlob }: Run): string {
  if (payloadBlob === null) return `[${id}${head}${task}",null,${payload}]`;
  return `[${id}${head}${task}","${payloadBlob}",null]`;
}

/** What comes before a long payload, and `]` after it. */
export function encodeRunStart(id: number, head: string, task: string): string {
  return `[${id}${head}${task}",null,`;
}

export const CANCEL = "c";
export const RUNS = "[";

export type Hello = { token: string; key: number; actions: ActionInfo[] };
export type LoadFailure = { token: string; key: number; error: ErrorBody };

export const HELLO = "H";
export const NOT_LOADED = "X";
/** Result's JSON text. */
export const DONE = "D";
/** A BlobRef. */
export const BLOB = "L";
/** An ErrorBody. */
export const FAILED = "F";
export const CANCELLED = "C";
/** An error outside of any run took it along: an ErrorBody. */
export const DIED = "U";
/** Not begun: the node may give it to another. */
export const DROPPED = "B";
/** The thread has no such action. */
export const UNKNOWN = "N";
export const PROGRESS = "P";
export const LOG = "G";
/** A handler did not end when it was told to: give this thread nothing more. */
export const RETIRING = "T";

/** How a begun run ended, in the thread's words. */
export type EndingLetter = typeof DONE | typeof BLOB | typeof FAILED | typeof CANCELLED | typeof DIED;

/** `startedAt` is epoch ms, `durationUs` whole microseconds. */
export function encodeEnding(
  letter: EndingLetter,
  json: string,
  id: number,
  startedAt: number,
  durationUs: number,
): string {
  return `${letter}${id} ${startedAt} ${durationUs} ${json}${END}`;
}

export function encodeProgress(id: number, at: number, json: string): string {
  return `${PROGRESS}${id} ${at} 0 ${json}${END}`;
}

export function encodeLog(id: number, line: LogLine): string {
  return `${LOG}${id} ${line.at} 0 ${JSON.stringify(line)}${END}`;
}

/** Called for every frame with its fields; those it does not have are 0 and "". */
export type FrameListener = (
  letter: string,
  id: number,
  startedAt: number,
  durationUs: number,
  json: string,
) => void;

/** Cuts what arrives into frames; told are the text and the frame's bounds in it. */
export class FrameCutter {
  #rest = "";

  cut(chunk: string, listener: (text: string, from: number, end: number) => void): void {
    let text = chunk;
    if (this.#rest !== "") {
      // What came before has no end in it: to look there again would copy a long frame once for each chunk of it.
      if (!chunk.includes(END)) return void (this.#rest += chunk);
      text = this.#rest + chunk;
    }
    let from = 0;
    for (;;) {
      const end = text.indexOf(END, from);
      if (end < 0) break;
      listener(text, from, end);
      from = end + 1;
    }
    this.#rest = from === text.length ? "" : text.slice(from);
  }
}

export function readFrame(text: string, from: number, end: number, listener: FrameListener): void {
  const letter = text[from]!;
  const numbers = [0, 0, 0];
  let at = from + 1;
  if (letter !== HELLO && letter !== NOT_LOADED) {
    for (let field = 0; field < 3 && at < end; field++) {
      let value = 0;
      for (; at < end; at++) {
        const digit = text.charCodeAt(at) - 48;
        if (digit < 0) break;
        value = value * 10 + digit;
      }
      numbers[field] = value;
      at++;
    }
  }
  listener(letter, numbers[0]!, numbers[1]!, numbers[2]!, at < end ? text.slice(at, end) : "");
}
