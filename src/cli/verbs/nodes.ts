import type { NodeView } from "../../protocol/messages.ts";
import { EXIT } from "../exit-code.ts";
import { noteMissing } from "../missing-nodes.ts";
import { ago, bytes } from "../phrases.ts";
import { showTable } from "../table.ts";
import type { Style } from "../terminal.ts";
import type { Verb } from "../verb.ts";

const COLOURS: ReadonlyMap<string, Style> = new Map([
  ["ready", "green"],
  ["down", "red"],
]);

/** Of a node that is down nothing is known but where it should be. */
function known<T>({ state }: NodeView, fact: T): T | null {
  return state === "down" ? null : fact;
}

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
          cell: (view) => terminal.style(COLOURS.get(view.state) ?? "yellow", view.state),
        },
        { title: "VERSION", cell: (view) => view.version },
        { title: "ROLES", cell: (view) => view.roles.join(", ") },
        { title: "PID", cell: (view) => known(view, view.pid), isRight: true },
        { title: "MEMORY", cell: (view) => known(view, bytes(view.rssBytes)), isRight: true },
        { title: "CONNECTIONS", cell: (view) => known(view, view.connections), isRight: true },
        { title: "STARTED", cell: (view) => known(view, ago(view.startedAt, now)) },
        { title: "LISTENS", cell: (view) => view.listen.join(", ") },
      ],
      nodes,
      "No nodes.",
    );
    const down = nodes.filter(({ state }) => state === "down").map(({ node }) => node);
    noteMissing(terminal, [{ missing: down }]);
    return EXIT.done;
  },
};
