import { QUEUE_OPS } from "../../protocol/messages.ts";
import { EXIT } from "../exit-code.ts";
import { count } from "../phrases.ts";
import { showQueues } from "../queue-view.ts";
import { suggest } from "../suggest.ts";
import { UsageError, type Verb } from "../verb.ts";

const WORDS = [...QUEUE_OPS, "list"] as const;

export const verb: Verb = {
  name: "queue",
  summary: "Pauses, resumes, drains or purges a queue.",
  usage: ["queue pause|resume|drain|purge NAME", "queue list"],
  examples: [
    { command: "tanda queue pause math", says: "its tasks wait; those that run are finished" },
    { command: "tanda queue resume math", says: "they go on" },
    { command: "tanda queue drain math", says: "takes no new tasks, finishes those it has" },
    { command: "tanda queue purge math", says: "cancels all that waits in it" },
  ],
  flags: {},
  words: { min: 1, max: 2 },
  async run({ words, terminal, connect }) {
    const [word, queue] = words;
    const op = WORDS.find((one) => one === word);
    if (op === undefined) {
      const meant = suggest(word!, WORDS);
      throw new UsageError(`unknown: queue ${word}${meant === null ? "" : `; did you mean queue ${meant}?`}`);
    }
    if (op === "list") {
      const client = await connect();
      const queues = await client.$.queues();
      if (terminal.isJson) terminal.json(queues);
      else showQueues(queues, terminal);
      return EXIT.done;
    }
    if (queue === undefined) throw new UsageError(`which queue? tanda queue ${op} NAME`);
    const client = await connect();
    const known = await client.$.queues();
    if (!known.some((view) => view.queue === queue)) terminal.note(`Nobody has used the queue ${queue} yet.`);
    if (op === "purge") {
      const told = await client.$.purge(queue);
      if (terminal.isJson) terminal.json(told);
      else terminal.say(`${count(told.cancelled)} cancelled`);
      return EXIT.done;
    }
    const view = await client.$[op](queue);
    if (terminal.isJson) terminal.json(view);
    else showQueues([view], terminal);
    return EXIT.done;
  },
};
