import { exitCodeOfState } from "../exit-code.ts";
import { showTask } from "../task-view.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "get",
  summary: "Shows all that is known of a task.",
  usage: ["get TASK"],
  examples: [
    {
      command: "tanda get 01990000-0000-7000-8000-000000000000",
      says: "its state, result, attempts and log",
    },
    { command: "tanda get TASK --json", says: "the same as one JSON value" },
  ],
  notes: [
    "The exit code is the task's outcome, as `tanda help` lists them: 0 also while it is not over, 1 when it failed, and when there is no such task.",
  ],
  flags: {},
  words: { min: 1, max: 1 },
  async run({ words, terminal, connect }) {
    const client = await connect();
    const view = await client.$.get(words[0]!);
    if (terminal.isJson) terminal.json(view);
    else showTask(view, terminal);
    return exitCodeOfState(view.state);
  },
};
