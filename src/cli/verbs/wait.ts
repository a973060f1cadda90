import { checkOutput, OUTPUT_FLAGS, showOutcome } from "../outcome.ts";
import { WAIT_FLAGS, waitOptions } from "../task-flags.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "wait",
  summary: "Waits until a task is over and prints its result.",
  usage: ["wait TASK [FLAGS]"],
  examples: [
    { command: "tanda wait $(tanda submit fib 38)", says: "hands a task in, then waits for it" },
    {
      command: "tanda wait TASK --wait-for 10s || echo later",
      says: "waits ten seconds; exit code 6 if that was too short",
    },
  ],
  flags: { ...WAIT_FLAGS, ...OUTPUT_FLAGS },
  words: { min: 1, max: 1 },
  async run({ words, given, terminal, connect }) {
    await checkOutput(given);
    const client = await connect();
    const task = words[0]!;
    return showOutcome({ client, given, terminal }, task, client.$.task(task).result(waitOptions(given)));
  },
};
