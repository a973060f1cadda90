import { forEachTask } from "../each-task.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "retry",
  summary: "Puts failed, cancelled or expired tasks back into their queue.",
  usage: ["retry TASK …"],
  examples: [
    { command: "tanda retry TASK", says: "its attempts and losses start anew" },
    {
      command: 'tanda list --state failed --json | jq -r ".tasks[].task" | xargs tanda retry',
      says: "tries all that failed once more",
    },
  ],
  flags: {},
  words: { min: 1, max: Infinity },
  run: (input) => forEachTask(input, (client, task) => client.$.retry(task)),
};
