import { readFileSync } from "node:fs";
import { EXIT } from "../exit-code.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "version",
  summary: "Prints the version of Tanda and of Node.",
  usage: ["version"],
  examples: [{ command: "tanda version", says: "say it when you report a problem" }],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal }) {
    const version = readVersion();
    if (terminal.isJson) terminal.json({ tanda: version, node: process.versions.node });
    else terminal.say(`tanda ${version} (node ${process.versions.node})`);
    return EXIT.done;
  },
};

/** package.json is as far from src/ as from dist/. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
