import { checkOutput, OUTPUT_FLAGS, showOutcome } from "../outcome.ts";
import { readPayload } from "../payload.ts";
import { ONE_TASK_FLAGS, TASK_FLAGS, taskOptions, WAIT_FLAGS, waitOptions } from "../task-flags.ts";
import { TandaError } from "../../task/errors.ts";
import { nameTask } from "../task-name.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "run",
  summary: "Runs a task and prints its result.",
  usage: ["run ACTION [PAYLOAD] [FLAGS]"],
  examples: [
    { command: "tanda run upper hola", says: "prints HOLA" },
    {
      command: "tanda run average '[1, 2, 3]'",
      says: "a payload that parses as JSON is JSON, else it is text",
    },
    {
      command: "tanda run echo @photo.jpg -o copy.jpg",
      says: "sends a file; when there is one blob in the result, writes its bytes to another",
    },
    {
      command: "tanda run fib 40 --timeout 30s --attempts 3",
      says: "stops each attempt after 30 s and tries up to three times",
    },
    { command: "git log | tanda run count -", says: "takes the payload from standard input" },
  ],
  notes: [
    "PAYLOAD: JSON if it parses as JSON, else text. @FILE reads a file (large or binary ones travel as blobs), - standard input.",
    "The exit code is the task's outcome: `tanda help` lists them.",
  ],
  flags: {
    ...TASK_FLAGS,
    ...ONE_TASK_FLAGS,
    ...WAIT_FLAGS,
    "cancel-on-timeout": { says: "with --wait-for: cancel the task when the waiting ends" },
    ...OUTPUT_FLAGS,
  },
  words: { min: 1, max: 2 },
  async run({ words, given, terminal, connect }) {
    await checkOutput(given);
    const client = await connect();
    const payload = await readPayload(words[1], words[0]!, client, terminal);
    const options = taskOptions(given);
    const task = options.task ?? (await nameTask(client));
    const result = client.$.run(words[0]!, payload, {
      ...options,
      task,
      ...waitOptions(given),
      cancelOnAbort: given.has("cancel-on-timeout"),
    });
    const explained = result.catch((thrown: unknown) => {
      throw withBrokenJson(thrown, payload);
    });
    return showOutcome({ client, given, terminal }, task, explained);
  },
};

/** What was meant as JSON and is none went as a text, which the action's complaint does not show. */
function withBrokenJson(thrown: unknown, payload: unknown): unknown {
  if (!(thrown instanceof TandaError) || thrown.code !== "invalid_input") return thrown;
  if (typeof payload !== "string" || !/^\s*[[{]/.test(payload)) return thrown;
  try {
    JSON.parse(payload);
  } catch (cause) {
    const hint = `The payload went as a text, since it is not JSON: ${(cause as Error).message}`;
    return new TandaError(thrown.code, thrown.message, { ...thrown.toBody(), hint, cause: thrown });
  }
  return thrown;
}
