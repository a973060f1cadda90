/** Shows what became of a task, and tells the exit code. */
import type { Client } from "../client/typed.ts";
import { TandaError } from "../task/errors.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { waitPatiently } from "./patience.ts";
import { checkWritable, saveResult } from "./result-file.ts";
import type { Terminal } from "./terminal.ts";
import type { Flags, Given } from "./verb.ts";

export const OUTPUT_FLAGS: Flags = {
  output: {
    value: "FILE",
    short: "o",
    says: "write the result there; when there is one blob in it, the blob's bytes",
  },
};

/** Call it before anything is sent. @throws UsageError */
export async function checkOutput(given: Given): Promise<void> {
  const file = given.text("output");
  if (file !== undefined) await checkWritable(file);
}

export type Shown = { readonly client: Client; readonly given: Given; readonly terminal: Terminal };

/** Waits for `result` and shows it. A failed task is an answer, not an error of this program. */
export async function showOutcome(
  { client, given, terminal }: Shown,
  task: string,
  result: Promise<unknown>,
): Promise<number> {
  let value: unknown;
  try {
    value = await waitPatiently(client, task, result, terminal);
  } catch (thrown) {
    const told = terminal.isJson ? outcomeOf(thrown) : null;
    if (told === null) throw thrown;
    terminal.json({ task, ...told });
    return exitCodeOf(thrown);
  }
  const file = given.text("output");
  const blobs = file === undefined ? 0 : await saveResult(value, file, client);
  if (blobs > 1) terminal.note(`There are ${blobs} blobs in the result: ${file} has it as JSON.`);
  if (terminal.isJson) terminal.json({ task, status: "done", result: value });
  else if (file === undefined) terminal.result(`${toText(value, terminal)}\n`);
  return EXIT.done;
}

/** Null for what is no word about the task. That we stopped waiting says nothing of its end: it is `pending`. */
function outcomeOf(thrown: unknown): { status: "failed" | "pending"; error: object } | null {
  if (thrown instanceof TandaError) return { status: "failed", error: thrown.toBody() };
  if (thrown instanceof Error && thrown.name === "TimeoutError")
    return { status: "pending", error: { code: "call_timed_out", message: thrown.message } };
  return null;
}

/** A text as it stands, anything else as JSON: spread out for a person, on one line for a pipe. */
export function toText(value: unknown, terminal: Terminal): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, terminal.stdout.isTTY ? 2 : undefined);
}
