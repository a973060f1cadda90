/** One run of a handler: blobs, input schema, the handler, output schema, result. Answers at once when the handler does. */
import type { Action } from "../actions/check.ts";
import { validateInput, validateOutput } from "../actions/validate.ts";
import type { Blobs } from "../blobs/blobs.ts";
import type { ErrorBody } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import { MARK, putHandles } from "./blob-handles.ts";
import { errorBodyOf } from "./handler-error.ts";
import { patiently } from "./patiently.ts";
import type { RunContext } from "./run-context.ts";
import { toldJson } from "./told-json.ts";

export type Performed =
  | { readonly type: "done"; readonly json: string }
  | { readonly type: "blob"; readonly blob: BlobRef }
  | { readonly type: "failed"; readonly error: ErrorBody };

export type Tools = {
  /** Rejects where there are none. */
  readonly openBlobs: () => Promise<Blobs>;
  /** A result with more bytes goes to a blob; null = never. */
  readonly blobOverBytes: number | null;
  /** Local copies of blobs. */
  readonly filesDir: string;
};

export type Work = {
  readonly payload: unknown;
  readonly payloadBlob: string | null;
  /** Its text holds the mark of a blob. */
  readonly isMarked: boolean;
};

export function perform(
  action: Action,
  work: Work,
  context: RunContext,
  tools: Tools,
): Performed | Promise<Performed> {
  try {
    const result =
      work.payloadBlob !== null || work.isMarked
        ? patiently(
            () => prepare(work, tools),
            () => context.signal,
          ).then(({ payload, isMarked }) => call(action, payload, isMarked ? tools : null, context))
        : call(action, work.payload, null, context);
    if (isThenable(result)) return finishLater(action, result, context, tools);
    const performed = finish(action, result, context, tools);
    return performed instanceof Promise ? performed.catch(failedBy) : performed;
  } catch (error) {
    return failedBy(error);
  }
}

function failedBy(error: unknown): Performed {
  return { type: "failed", error: errorBodyOf(error) };
}

async function finishLater(
  action: Action,
  result: PromiseLike<unknown>,
  context: RunContext,
  tools: Tools,
): Promise<Performed> {
  try {
    return await finish(action, await result, context, tools);
  } catch (error) {
    return failedBy(error);
  }
}

async function prepare(work: Work, tools: Tools): Promise<{ payload: unknown; isMarked: boolean }> {
  let { payload, isMarked } = work;
  if (work.payloadBlob !== null) {
    const chunks: Buffer[] = [];
    const blobs = await tools.openBlobs();
    for await (const chunk of await blobs.open(work.payloadBlob)) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    payload = JSON.parse(text);
    isMarked = text.includes(MARK);
  }
  return {
    payload: isMarked ? await putHandles(payload, tools.openBlobs, tools.filesDir) : payload,
    isMarked,
  };
}

/** @param tools given when the payload holds blobs: a schema may have turned handles into plain objects. */
function call(action: Action, payload: unknown, tools: Tools | null, context: RunContext): unknown {
  if (action.input === undefined) return action.run(payload, context);
  const parsed = validateInput(action.input, payload);
  if (tools === null && !isThenable(parsed)) return action.run(parsed, context);
  return Promise.resolve(parsed)
    .then((value) => (tools === null ? value : putHandles(value, tools.openBlobs, tools.filesDir)))
    .then((value) => action.run(value, context));
}

function finish(
  action: Action,
  result: unknown,
  context: RunContext,
  tools: Tools,
): Performed | Promise<Performed> {
  if (action.output === undefined) return told(result, context, tools);
  const checked = validateOutput(action.output, result);
  if (isThenable(checked)) return finishChecked(checked, context, tools);
  return told(checked, context, tools);
}

async function finishChecked(
  checked: PromiseLike<unknown>,
  context: RunContext,
  tools: Tools,
): Promise<Performed> {
  try {
    return await told(await checked, context, tools);
  } catch (error) {
    return failedBy(error);
  }
}

function told(result: unknown, context: RunContext, tools: Tools): Performed | Promise<Performed> {
  const json = toldJson(result, "result");
  const most = tools.blobOverBytes;
  // A UTF-16 unit is at most 3 bytes of UTF-8: short texts need no count.
  if (most === null || json.length * 3 <= most || Buffer.byteLength(json) <= most)
    return { type: "done", json };
  return patiently(
    () => putResult(json, tools),
    () => context.signal,
  );
}

async function putResult(json: string, tools: Tools): Promise<Performed> {
  const blobs = await tools.openBlobs();
  const { id, bytes } = await blobs.put(json, { type: "application/json" });
  return { type: "blob", blob: { id, bytes } };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
