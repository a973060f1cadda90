import { systemOfTopology } from "../../diagram/from-topology.ts";
import { systemOfViews } from "../../diagram/from-views.ts";
import { toMermaid } from "../../diagram/mermaid.ts";
import { pictureOf, type System } from "../../diagram/picture.ts";
import { toPlantuml } from "../../diagram/plantuml.ts";
import { readTopology, TOPOLOGY_FLAGS } from "../../up/topology.ts";
import { EXIT } from "../exit-code.ts";
import { suggest } from "../suggest.ts";
import { UsageError, type Verb, type VerbInput } from "../verb.ts";

const LANGUAGES = { mermaid: toMermaid, plantuml: toPlantuml } as const;
const NAMES = Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[];

export const verb: Verb = {
  name: "diagram",
  summary: "Draws the system that runs, or one that flags tell, as text for Mermaid or PlantUML.",
  usage: ["diagram mermaid|plantuml", "diagram mermaid|plantuml [full] [--nodes N | --gateways N …]"],
  examples: [
    { command: "tanda diagram mermaid", says: "what runs behind --server: nodes, threads, servers, counts" },
    {
      command: "tanda diagram mermaid --nodes 3 --balancer nginx > nodes.mmd",
      says: "what `tanda up` with the same flags would start",
    },
    {
      command: "tanda diagram plantuml full | plantuml -tsvg -pipe > tanda.svg",
      says: "the whole drawing, rendered",
    },
  ],
  notes: [
    "GitHub and GitLab render Mermaid in Markdown, between ```mermaid and ```. Of addresses only the host is drawn, never a password.",
  ],
  flags: Object.fromEntries(TOPOLOGY_FLAGS.map(({ name, value, says }) => [name, { value, says }])),
  words: { min: 1, max: 2 },
  async run(input) {
    const [word, more] = input.words;
    const language = NAMES.find((name) => name === word);
    if (language === undefined) {
      const meant = suggest(word!, NAMES);
      const hint = meant === null ? `it is ${NAMES.join(" or ")}` : `did you mean ${meant}?`;
      throw new UsageError(`unknown language ${word}; ${hint}`);
    }
    if (more !== undefined && more !== "full") throw new UsageError(`unknown: diagram ${language} ${more}`);
    const isTold = more === "full" || TOPOLOGY_FLAGS.some(({ name }) => input.given.has(name));
    const system = isTold ? told(input, more === "full") : await running(input);
    const text = LANGUAGES[language](pictureOf(system));
    if (input.terminal.isJson) input.terminal.json({ language, text });
    else input.terminal.result(text);
    return EXIT.done;
  },
};

function told({ given, terminal }: VerbInput, isFull: boolean): System {
  return systemOfTopology(readTopology(isFull, (name) => given.text(name), true, terminal.env));
}

async function running({ connect, server }: VerbInput): Promise<System> {
  const { $ } = await connect();
  const [nodes, workers, stats] = await Promise.all([$.nodes(), $.workers(), $.stats()]);
  return systemOfViews({ nodes, workers, stats, asked: placeOf(server) });
}

/** Of several addresses nobody knows which answered. */
function placeOf(server: string): string | null {
  return /^(?:[a-z]+:\/\/)?([^/,\s]+:\d+)\/?$/.exec(server)?.[1] ?? null;
}
