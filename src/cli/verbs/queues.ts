import { EXIT } from "../exit-code.ts";
import { showQueues } from "../queue-view.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "queues",
  summary: "Lists the queues with what waits in them.",
  usage: ["queues"],
  examples: [
    {
      command: "tanda queues",
      says: "each queue: open, paused or draining; how many wait, since when, and how fast it goes",
    },
  ],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal, connect }) {
    const client = await connect();
    const queues = await client.$.queues();
    if (terminal.isJson) terminal.json(queues);
    else showQueues(queues, terminal);
    return EXIT.done;
  },
};
