import { TandaError, isErrorCode, type ErrorBody } from "../task/errors.ts";
import type { PingView } from "../protocol/messages.ts";
import { DRAINING, NOT_TANDA } from "./unreachable.ts";

/** What `ping` tells; of a node that tells less, less. */
export type Hello = Partial<PingView>;

/** First on every connection: who we are, and whether somebody is there. */
export function greetingLines(token: string | undefined): string {
  const auth = token === undefined ? "" : `{"id":"auth","op":"auth","token":${JSON.stringify(token)}}\n`;
  return auth + PING_LINE;
}

/** Its answers carry an id that no call has, so they only show life. */
export const PING_LINE = '{"id":"ping","op":"ping"}\n';

const PLAIN_ERROR = "error: ";

export type GreetingAnswer =
  | { readonly type: "hello"; readonly hello: Hello }
  /** Trying again would not help. */
  | { readonly type: "refused"; readonly error: TandaError }
  /** Another node may be better. */
  | { readonly type: "useless"; readonly reason: string };

/** @returns null while the answer is still to come. */
export function readGreeting(line: string): GreetingAnswer | null {
  // A refusal from before the node knew what is spoken: a line for people.
  if (line.startsWith(PLAIN_ERROR)) return { type: "useless", reason: line.slice(PLAIN_ERROR.length).trim() };
  const reply = parse(line);
  if (reply === null) return { type: "useless", reason: NOT_TANDA };
  const error = reply.result?.error;
  if (error?.code === "unauthorized" || error?.code === "forbidden") {
    return { type: "refused", error: TandaError.fromBody(error) };
  }
  if (error !== undefined) return { type: "useless", reason: error.message };
  if (reply.id !== "ping") return null;
  if (reply.data?.state === "draining") return { type: "useless", reason: DRAINING };
  return { type: "hello", hello: reply.data ?? {} };
}

type Greeted = { id?: unknown; data?: Hello; result?: { error?: ErrorBody } };

function parse(line: string): Greeted | null {
  try {
    const value = JSON.parse(line) as Greeted | null;
    if (typeof value !== "object" || value === null) return null;
    const error = value.result?.error;
    return error === undefined || isErrorCode(error.code) ? value : null;
  } catch {
    return null;
  }
}
