import { forEachTask } from "../each-task.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "cancel",
  summary: "Cancels tasks, also while they run.",
  usage: ["cancel TASK …"],
  examples: [
    { command: "tanda cancel TASK", says: "whatever state it is in, unless it is over" },
    {
      command: 'tanda list --state queued --json | jq -r ".tasks[].task" | xargs tanda cancel',
      says: "cancels all that a list gives",
    },
  ],
  flags: {},
  words: { min: 1, max: Infinity },
  run: (input) => forEachTask(input, (client, task) => client.$.cancel(task)),
};
