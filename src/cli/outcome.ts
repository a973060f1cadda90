/** Shows what became of a task, and tells the exit code. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "../client/typed.ts";
import type { BlobLink } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";
import type { Flags, Given } from "./verb.ts";

export const OUTPUT_FLAGS: Flags = {
  output: { value: "FILE", short: "o", says: "write the result there; of a blob, its bytes" },
};

export type Shown = { readonly client: Client; readonly given: Given; readonly terminal: Terminal };

/** Waits for `result` and shows it. A failed task is an answer, not an error of this program. */
export async function showOutcome(
  { client, given, terminal }: Shown,
  task: string,
  result: Promise<unknown>,
): Promise<number> {
  let value: unknown;
  try {
    value = await result;
  } catch (thrown) {
    if (!terminal.isJson || !(thrown instanceof TandaError)) throw thrown;
    terminal.json({ task, status: "failed", error: thrown.toBody() });
    return exitCodeOf(thrown);
  }
  const file = given.text("output");
  if (file !== undefined) await save(value, file, client);
  if (terminal.isJson) terminal.json({ task, status: "done", result: value });
  else if (file === undefined) terminal.say(toText(value, terminal));
  return EXIT.done;
}

/** A text as it stands, anything else as JSON: spread out for a person, on one line for a pipe. */
export function toText(value: unknown, terminal: Terminal): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, terminal.stdout.isTTY ? 2 : undefined);
}

async function save(value: unknown, file: string, client: Client): Promise<void> {
  const source = isBlobLink(value)
    ? Readable.fromWeb((await client.$.blobs.get(value)) as Parameters<typeof Readable.fromWeb>[0])
    : Readable.from([typeof value === "string" ? value : JSON.stringify(value)]);
  await pipeline(source, createWriteStream(file));
}

function isBlobLink(value: unknown): value is BlobLink {
  return typeof value === "object" && value !== null && typeof (value as BlobLink).$blob === "string";
}
