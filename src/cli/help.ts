import { GLOBAL_FLAGS } from "./arguments.ts";
import { EXIT_MEANINGS } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";
import { loadVerb, VERB_GROUPS } from "./verb-table.ts";
import type { Flags, Verb } from "./verb.ts";

export async function generalHelp(terminal: Terminal): Promise<string> {
  const lines = [
    `${terminal.style("bold", "tanda")} sends tasks to Tanda and looks after them.`,
    "",
    title(terminal, "Usage"),
    "  tanda VERB [WORDS] [FLAGS]",
  ];
  for (const group of VERB_GROUPS) {
    const rows: [string, string][] = [];
    for (const name of group.verbs) {
      const verb = await loadVerb(name);
      rows.push([name, verb.summary]);
    }
    lines.push("", title(terminal, group.title), ...columns(rows));
  }
  lines.push(
    "",
    title(terminal, "Flags of every verb"),
    ...flagLines(GLOBAL_FLAGS),
    "",
    title(terminal, "Exit codes"),
    ...columns(EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning])),
    "",
    title(terminal, "To begin"),
    ...columns([
      ["tanda serve", "a whole system in this terminal"],
      ["tanda run upper hola", "a task, in another"],
      ["tanda help run", "what a verb can do, with examples"],
    ]),
  );
  return lines.join("\n");
}

export function verbHelp(verb: Verb, terminal: Terminal): string {
  const lines = [
    `${terminal.style("bold", `tanda ${verb.name}`)}: ${verb.summary}`,
    "",
    title(terminal, "Usage"),
    ...verb.usage.map((usage) => `  tanda ${usage}`),
    "",
    title(terminal, "Examples"),
    ...verb.examples.flatMap(({ command, says }) => [`  ${command}`, `      ${says}`]),
  ];
  if (Object.keys(verb.flags).length > 0) lines.push("", title(terminal, "Flags"), ...flagLines(verb.flags));
  lines.push("", title(terminal, "Flags of every verb"), ...flagLines(GLOBAL_FLAGS));
  for (const note of verb.notes ?? []) lines.push("", note);
  return lines.join("\n");
}

function title(terminal: Terminal, text: string): string {
  return terminal.style("underline", text);
}

function flagLines(flags: Flags): string[] {
  return columns(
    Object.entries(flags).map(([name, { value, short, says }]) => [
      `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
      says,
    ]),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
