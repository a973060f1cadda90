import { forEachTask } from "../each-task.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "delete",
  summary: "Forgets finished tasks before their retention is over.",
  usage: ["delete TASK …"],
  examples: [
    { command: "tanda delete TASK", says: "gone for good, its result too" },
    { command: "tanda delete TASK TASK --json", says: "a JSON value for each" },
  ],
  flags: {},
  words: { min: 1, max: Infinity },
  run: (input) => forEachTask(input, (client, task) => client.$.delete(task)),
};
