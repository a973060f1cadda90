/** What the body of a submit says, checked. */
import { isUtf8 } from "node:buffer";
import type { JsonLimits } from "../../protocol/json-limits.ts";
import type { SubmitOptions } from "../../protocol/messages.ts";
import { bad } from "../../protocol/options.ts";
import { parseJson, parseSubmit, type Submit } from "../../protocol/request.ts";
import { TandaError } from "../../task/errors.ts";
import { notANode } from "../node-door.ts";

export type SubmitWithOptions = Submit & { readonly options: SubmitOptions };

/** @throws bad_json, too_large */
export function parseBody(body: Buffer, limits: JsonLimits): unknown {
  if (!isUtf8(body)) throw new TandaError("bad_json", "the body is not valid UTF-8");
  if (body.length === 0) return undefined;
  return parseJson(body.toString(), limits, "body");
}

/**
 * Of the two who wait, it is the HTTP request; the task is told as one that nobody waits for.
 * @param mayBeLocal whether anybody may say what nodes say to each other; they themselves speak lines. @throws bad_request, forbidden
 */
export function readSubmit(body: unknown, key: string | null, mayBeLocal: boolean): SubmitWithOptions {
  const { action, payload, options } = parseSubmit(body, false);
  if (options?.local === true && !mayBeLocal) throw notANode();
  if (options?.wait !== undefined) throw bad('unknown option "wait"', "Over HTTP send Prefer: wait=10");
  if (key !== null && options?.key !== undefined && options.key !== key) {
    throw bad("Idempotency-Key and options.key differ", "Give one of them.");
  }
  const told = { ...options, wait: false };
  return { action, payload, options: key === null ? told : { ...told, key } };
}

/** Nobody has to be promised it before it runs: a name of the client's own, a key or a delay are for what is written first. */
export function mayRide({ task, key, delay, runAt }: SubmitOptions): boolean {
  return task === undefined && key === undefined && delay === undefined && runAt === undefined;
}
