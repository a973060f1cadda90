/**
 * The flags in docs/operations.md, made from the tables that parse them:  npm run docs:flags
 * A test compares; so a flag that is new, or says something else, comes onto the page or the test says how.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BALANCER_FLAGS, BALANCERS } from "../src/balancer/options.ts";
import { verb as serve } from "../src/cli/verbs/serve.ts";
import { verb as up } from "../src/cli/verbs/up.ts";
import { envName, NODE_FLAGS } from "../src/node/flags.ts";

export const PAGE = fileURLToPath(new URL("../docs/operations.md", import.meta.url));
const BEGIN = "<!-- flags: made by `npm run docs:flags` -->";
const END = "<!-- /flags -->";

type Row = readonly string[];

/** @returns the page with its part about flags made anew. */
export function withFlags(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/operations.md has lost ${BEGIN} or ${END}`);
  return `${before}${BEGIN}\n\n${flagsText()}\n\n${END}${after}`;
}

function flagsText(): string {
  const inTable = new Set(NODE_FLAGS.map(({ name }) => name));
  const ofNode = NODE_FLAGS.map(({ name, value, default: usual, says, isLimit, isVariable }) => ({
    isLimit: isLimit === true,
    row: [isVariable ? "" : flag(name, value), code(envName(name)), usual, sentence(says)],
  }));
  const ofVerb = Object.entries(serve.flags)
    .filter(([name]) => !inTable.has(name))
    .map(([name, { value, says }]): Row => {
      const { text, usual } = partsOf(says);
      const variable = value === undefined ? "" : code(envName(name));
      return [flag(name, value), variable, usual ?? "off", sentence(text)];
    });
  const ofUp = Object.entries(up.flags).map(([name, { value, says }]): Row => {
    const { text, usual } = partsOf(says);
    return [flag(name, value), usual ?? "none", sentence(text)];
  });
  const rowsOf = (isLimit: boolean): Row[] =>
    ofNode.filter((one) => one.isLimit === isLimit).map(({ row }) => row);
  return [
    "### `tanda serve`",
    table(["Flag", "Variable", "Default", "Effect"], [...rowsOf(false), ...ofVerb]),
    "### Limits of `tanda serve`",
    table(["Flag", "Variable", "Default", "Effect"], rowsOf(true)),
    "### `tanda up`",
    table(["Flag", "Default", "Effect"], ofUp),
    "### `tanda balancer`",
    table(
      ["Flag", "For", "Default", "Effect"],
      BALANCER_FLAGS.map(({ name, value, kinds, default: usual, says }) => {
        const whose = kinds.length === BALANCERS.length ? "all" : kinds.join(", ");
        return [flag(name, value), whose, usual, sentence(says)];
      }),
    ),
  ].join("\n\n");
}

/** Flags of verbs have their default in brackets at the end. */
function partsOf(says: string): { text: string; usual: string | undefined } {
  const [, text, usual] = /^(.*?)(?: \(([^)]*)\))?$/.exec(says)!;
  return { text: text!, usual };
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function flag(name: string, value: string | undefined): string {
  return code(value === undefined ? `--${name}` : `--${name} ${value}`);
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Flags are told in phrases, limits in sentences: here all are sentences, but for lists of words and nginx's name. */
function sentence(text: string): string {
  const first = /^(\w+,|nginx)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PAGE, withFlags(readFileSync(PAGE, "utf8")));
}
