import { EXIT } from "../exit-code.ts";
import { instant } from "../phrases.ts";
import { showFacts } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "explain",
  summary: "Says why a task is not running yet, or what became of it.",
  usage: ["explain TASK"],
  examples: [
    {
      command: "tanda explain TASK",
      says: "its queue is paused; nobody serves its action; place 7, expected at …",
    },
  ],
  flags: {},
  words: { min: 1, max: 1 },
  async run({ words, terminal, connect }) {
    const client = await connect();
    const told = await client.$.explain(words[0]!);
    if (terminal.isJson) {
      terminal.json(told);
      return EXIT.done;
    }
    terminal.say(told.text);
    const { position, isFloor } = told;
    showFacts(terminal, [
      ["state", told.state],
      ["reason", told.reason],
      ["due", instant(told.dueAt)],
      ["before it", position === undefined ? undefined : `${position}${isFloor === true ? " or more" : ""}`],
      ["expected start", instant(told.expectedStartAt)],
    ]);
    return EXIT.done;
  },
};
