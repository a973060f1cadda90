/** What a handler threw, as an error a client can read. */
import { fileURLToPath } from "node:url";
import { formatDuration } from "../task/duration.ts";
import { overJsonLimit } from "../protocol/json-limits.ts";
import { TandaError, type ErrorBody } from "../task/errors.ts";

const MAX_MESSAGE = 4096;
const MAX_DETAILS = 16_384;
/** What is nested deeper cannot be handed from thread to thread: structured clone dies of it, and the node with it. */
const MAX_DEPTH = 64;
/** Tanda's own folders and Node's insides are not where a user's mistake is. */
const OURS = new URL("..", import.meta.url).href;
const FRAME = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/;

/** Never throws, though what was thrown may be a proxy or have getters that do. */
export function errorBodyOf(thrown: unknown): ErrorBody {
  try {
    return read(thrown);
  } catch {
    return { code: "task_error", message: "something was thrown that cannot be read" };
  }
}

function read(thrown: unknown): ErrorBody {
  if (thrown instanceof TandaError && (thrown.code === "invalid_input" || thrown.code === "task_error"))
    return bounded(thrown);
  if (!(thrown instanceof Error)) return { code: "task_error", message: cut(messageOf(thrown)) };
  const body: ErrorBody = { code: "task_error", message: cut(thrown.message || thrown.name) };
  const details = ownDetails(thrown) ?? placeOf(thrown);
  if (details !== undefined) body.details = details;
  return body;
}

/** Handlers may throw our own error too, with anything in it. */
function bounded(thrown: TandaError): ErrorBody {
  const { details: _details, ...body } = thrown.toBody();
  const details = ownDetails(thrown);
  return { ...body, message: cut(body.message), ...(details === undefined ? {} : { details }) };
}

export function timedOut(timeoutMs: number): ErrorBody {
  return {
    code: "timed_out",
    message: `it did not end within its timeout of ${formatDuration(timeoutMs)} and was stopped`,
    hint: "Give it more time with the option timeout, or have the handler obey its signal.",
  };
}

export function crashed(message: string): ErrorBody {
  return { code: "crashed", message: cut(message) };
}

/** @param how what is known of the way it happened. */
export function outOfMemory(memoryMb: number, how: string): ErrorBody {
  return {
    code: "out_of_memory",
    message: `the handler used more than the ${memoryMb} MB a thread may have (${how})`,
    hint: "Work through large data as a stream, or give threads more memory.",
  };
}

/** `at handler (file.ts:3:9)`'s place: the first that is the user's. */
export function placeOf(error: Error): { at: string } | undefined {
  for (const line of error.stack?.split("\n").slice(1) ?? []) {
    const place = FRAME.exec(line.trim())?.[1];
    if (place !== undefined && !place.startsWith(OURS) && !line.includes("node_modules"))
      return { at: pathOf(place) };
  }
  return undefined;
}

/** `file:///a%20b/c.ts:3:9` is /a b/c.ts:3:9 to an editor. */
function pathOf(place: string): string {
  if (!place.startsWith("file:")) return place;
  const [, url, position] = /^(.*?)(?:\?.*)?(:\d+:\d+)$/.exec(place)!;
  try {
    return fileURLToPath(url!) + position!;
  } catch {
    return place; // no file of this machine
  }
}

function ownDetails(error: Error): unknown {
  const { details } = error as { details?: unknown };
  if (details === undefined) return undefined;
  try {
    const json = JSON.stringify(details);
    if (json === undefined || json.length > MAX_DETAILS) return undefined;
    return overJsonLimit(json, { depth: MAX_DEPTH, keys: MAX_DETAILS }) ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return "something was thrown that is no Error";
  }
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
