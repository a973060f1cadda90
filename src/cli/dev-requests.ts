/** The tasks that `tanda dev` is told to run by itself. */
import { readFile } from "node:fs/promises";
import type { CallOptions } from "../client/caller.ts";
import type { Client } from "../client/typed.ts";
import { parseInline } from "../protocol/inline.ts";
import { readPayload } from "./payload.ts";
import { whyNot } from "./phrases.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError, type Given } from "./verb.ts";

const LOOK_MS = 50;

export type DevRequest = {
  readonly action: string;
  /** As on the command line, or a value. */
  readonly payload: { readonly word: string | undefined } | { readonly value: unknown };
  readonly options: CallOptions;
};

/** Those of --run, then those of --file. @throws UsageError */
export async function readRequests(given: Given): Promise<DevRequest[]> {
  const requests = given.texts("run").map((text): DevRequest => {
    const said = parseInline(text);
    if (said?.type !== "run")
      throw new UsageError(
        `--run takes 'ACTION PAYLOAD', as in --run 'upper hola', not ${JSON.stringify(text)}`,
      );
    return { action: said.action, payload: { word: said.rest === "" ? undefined : said.rest }, options: {} };
  });
  for (const path of given.texts("file")) {
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw new UsageError(`cannot read ${path}: ${whyNot(cause, "it")}`);
    });
    for (const [at, line] of text.split("\n").entries())
      if (line.trim() !== "") requests.push(requestOf(line, `${path}:${at + 1}`));
  }
  return requests;
}

function requestOf(line: string, place: string): DevRequest {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch (cause) {
    throw new UsageError(`${place} is no JSON: ${(cause as Error).message}`);
  }
  const {
    action,
    payload,
    options = {},
  } = (said ?? {}) as { action?: unknown; payload?: unknown; options?: object };
  if (typeof action !== "string")
    throw new UsageError(`${place} names no action; a line is {"action":"upper","payload":"hola"}`);
  return { action, payload: { value: payload }, options };
}

/** One after another, so that what is seen belongs to one of them, and then those that they sent. @returns how many did not end well. */
export async function runRequests(
  requests: readonly DevRequest[],
  client: Client,
  terminal: Terminal,
): Promise<number> {
  let failed = 0;
  for (const { action, payload, options } of requests) {
    const value =
      "word" in payload ? await readPayload(payload.word, action, client, terminal) : payload.value;
    try {
      await client.$.run(action, value, options);
    } catch (error) {
      failed++;
      // Most were shown as events; what was refused was none.
      terminal.note(`${terminal.styleNote("red", "error:")} ${action}: ${(error as Error).message}`);
    }
  }
  await untilIdle(client);
  return failed;
}

/** Nothing waits that could run, and nothing runs. */
export async function untilIdle(client: Client): Promise<void> {
  for (;;) {
    const { states } = await client.$.stats();
    if ((states.queued ?? 0) + (states.running ?? 0) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
