import { formatDuration } from "../../task/duration.ts";
import { EXIT } from "../exit-code.ts";
import { milliseconds } from "../phrases.ts";
import { last10mColumn, perSecondColumn } from "../rates-view.ts";
import { showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "actions",
  summary: "Lists what can be done here.",
  usage: ["actions"],
  examples: [
    {
      command: "tanda actions",
      says: "every action, with its defaults, how long it takes and how often it failed lately",
    },
    { command: "tanda actions --json", says: "with the JSON Schema of what they take and give" },
  ],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal, connect }) {
    const client = await connect();
    const actions = await client.$.actions();
    if (terminal.isJson) {
      terminal.json(actions);
      return EXIT.done;
    }
    showTable(
      terminal,
      [
        { title: "ACTION", cell: (view) => view.action },
        { title: "SERVED", cell: (view) => (view.isServed ? "yes" : terminal.style("yellow", "nobody")) },
        { title: "QUEUE", cell: (view) => view.queue },
        { title: "ATTEMPTS", cell: (view) => view.attempts, isRight: true },
        { title: "TIMEOUT", cell: (view) => formatDuration(view.timeoutMs), isRight: true },
        {
          title: "MEAN",
          cell: (view) => (view.meanRunMs === undefined ? "" : milliseconds(view.meanRunMs)),
          isRight: true,
        },
        perSecondColumn,
        last10mColumn,
        { title: "WHAT IT DOES", cell: (view) => view.description },
      ],
      actions,
      "No actions.",
    );
    return EXIT.done;
  },
};
