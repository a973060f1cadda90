import { EXIT } from "../exit-code.ts";
import { ago, bytes } from "../phrases.ts";
import { showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "nodes",
  summary: "Lists the running nodes.",
  usage: ["nodes"],
  examples: [{ command: "tanda nodes", says: "number, version, roles, state and where each listens" }],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal, connect }) {
    const client = await connect();
    const nodes = await client.$.nodes();
    if (terminal.isJson) {
      terminal.json(nodes);
      return EXIT.done;
    }
    const now = Date.now();
    showTable(
      terminal,
      [
        { title: "NODE", cell: (view) => view.node, isRight: true },
        {
          title: "STATE",
          cell: (view) => terminal.style(view.state === "ready" ? "green" : "yellow", view.state),
        },
        { title: "VERSION", cell: (view) => view.version },
        { title: "ROLES", cell: (view) => view.roles.join(", ") },
        { title: "PID", cell: (view) => view.pid, isRight: true },
        { title: "MEMORY", cell: (view) => bytes(view.rssBytes), isRight: true },
        { title: "CONNECTIONS", cell: (view) => view.connections, isRight: true },
        { title: "STARTED", cell: (view) => ago(view.startedAt, now) },
        { title: "LISTENS", cell: (view) => view.listen.join(", ") },
      ],
      nodes,
      "No nodes.",
    );
    return EXIT.done;
  },
};
