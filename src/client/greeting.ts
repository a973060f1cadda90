import { TandaError, isErrorCode, type ErrorBody } from "../task/errors.ts";
import type { PingView } from "../protocol/messages.ts";

/** What `ping` tells; of a node that tells less, less. */
export type Hello = Partial<PingView>;

/** First on every connection: who we are, and whether somebody is there. */
export function greetingLines(token: string | undefined): string {
  const auth = token === undefined ? "" : `{"id":"auth","op":"auth","token":${JSON.stringify(token)}}\n`;
  return auth + PING_LINE;
}

/** Why a connection to a node that stops is of no use: it takes nothing new. */
export const DRAINING = "it is draining";

/** Its answers carry an id that no call has, so they only show life. */
export const PING_LINE = '{"id":"ping","op":"ping"}\n';

export type GreetingAnswer =
  | { readonly type: "hello"; readonly hello: Hello }
  /** Trying again would not help. */
  | { readonly type: "refused"; readonly error: TandaError }
  /** Another node may be better. */
  | { readonly type: "useless"; readonly reason: string };

/** @returns null while the answer is still to come. */
export function readGreeting(line: string): GreetingAnswer | null {
  const reply = parse(line);
  if (reply === null) return { type: "useless", reason: "it does not speak Tanda's lines" };
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
