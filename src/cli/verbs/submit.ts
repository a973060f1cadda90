import { EXIT } from "../exit-code.ts";
import { readPayload } from "../payload.ts";
import { ONE_TASK_FLAGS, TASK_FLAGS, taskOptions } from "../task-flags.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "submit",
  summary: "Hands a task in without waiting, and prints its id once it is safely stored.",
  usage: ["submit ACTION [PAYLOAD] [FLAGS]"],
  examples: [
    { command: "tanda submit sleep 60000", says: "prints the task's id at once" },
    { command: "tanda submit report '{\"month\":5}' --delay 2h", says: "starts in two hours" },
    { command: "tanda wait $(tanda submit fib 38)", says: "waits for it later" },
    { command: "tanda submit charge @order.json --key order-7", says: "said twice, it is one task" },
  ],
  notes: [
    "PAYLOAD: JSON if it parses as JSON, else text. @FILE reads a file (large or binary ones travel as blobs), - standard input.",
  ],
  flags: { ...TASK_FLAGS, ...ONE_TASK_FLAGS },
  words: { min: 1, max: 2 },
  async run({ words, given, terminal, connect }) {
    const client = await connect();
    const payload = await readPayload(words[1], words[0]!, client, terminal);
    const { task, status } = await client.$.submit(words[0]!, payload, taskOptions(given));
    if (terminal.isJson) terminal.json({ task, status });
    else terminal.say(task);
    return EXIT.done;
  },
};
