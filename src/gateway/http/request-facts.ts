/** What the headers and the query of a request say, checked. */
import type { FastifyRequest } from "fastify";
import { bad, isObject, quoted } from "../../protocol/options.ts";
import { isTaskId } from "../../task/id.ts";
import { TandaError } from "../../task/errors.ts";

/** Calls the listener when the client goes away before its answer; what it returns takes the listener back. */
export type Gone = (listener: () => void) => () => void;

/** A connection carries many requests, so none of them may leave anything on it. */
export function goneOf(request: FastifyRequest): Gone {
  const { socket } = request.raw;
  const { grant } = request.engine;
  return (listener) => {
    if (socket.destroyed) listener();
    else socket.once("close", listener);
    // Who may ask no more waits no more.
    const stay = grant.onOver(listener);
    return () => {
      stay();
      socket.removeListener("close", listener);
    };
  };
}

/** `Prefer: wait=N` or `?wait=N`, N in seconds. @returns null when it does not wait. @throws bad_request */
export function waitMsOf(request: FastifyRequest, maxMs: number): number | null {
  const header = request.headers["prefer"];
  return readWaitMs(
    isObject(request.query) ? request.query["wait"] : undefined,
    Array.isArray(header) ? header.join() : (header ?? ""),
    maxMs,
  );
}

/** @param query what `?wait=` says. @param prefer what the header says. @throws bad_request */
export function readWaitMs(query: unknown, prefer: string, maxMs: number): number | null {
  const given = query ?? /(?:^|[,;\s])wait\s*=\s*"?([^",;\s]*)/i.exec(prefer)?.[1];
  if (given === undefined) return null;
  if (given === "") return maxMs;
  if (typeof given !== "string" || !/^\d{1,9}(?:\.\d{1,3})?$/.test(given)) {
    throw bad(`wait is not a number of seconds: ${quoted(given)}`, "Send Prefer: wait=10");
  }
  return Math.min(Number(given) * 1000, maxMs);
}

/** Quoted, as the standard has it, or bare, as most send it. @throws bad_request */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const header = request.headers["idempotency-key"];
  return header === undefined ? null : readIdempotencyKey(Array.isArray(header) ? header.join() : header);
}

/** @throws bad_request */
export function readIdempotencyKey(header: string): string {
  const text = header.trim();
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : text;
  if (key === "" || key.length > 200) throw bad("Idempotency-Key must have 1 to 200 characters");
  return key;
}

/** @throws not_found: what is no id names no task. */
export function taskParam(request: FastifyRequest): string {
  const task = param(request, "task");
  if (!isTaskId(task)) throw new TandaError("not_found", `there is no task ${quoted(task)}`);
  return task;
}

export function param(request: FastifyRequest, name: string): string {
  return String((request.params as Record<string, unknown>)[name]);
}

/** @throws bad_request for a parameter that is not known: a misspelt filter would answer everything. */
export function queryOf(request: FastifyRequest, known: readonly string[]): Record<string, string> {
  const query = isObject(request.query) ? request.query : {};
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) {
      throw bad(
        `unknown parameter ${quoted(name)}`,
        known.length > 0 ? `There are: ${known.join(", ")}` : undefined,
      );
    }
    if (typeof value !== "string") throw bad(`the parameter ${name} is given twice`);
  }
  return query as Record<string, string>;
}
