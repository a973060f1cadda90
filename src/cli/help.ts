import { GLOBAL_FLAGS } from "./arguments.ts";
import { EXIT_MEANINGS } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";
import { loadVerb, VERB_GROUPS } from "./verb-table.ts";
import type { Flags, Verb } from "./verb.ts";

/** Longer lines are hard to read, also where there is room. */
const MOST_COLUMNS = 100;

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
    lines.push("", title(terminal, group.title), ...columns(rows, terminal));
  }
  lines.push(
    "",
    title(terminal, "Flags of every verb"),
    ...flagLines(GLOBAL_FLAGS, terminal),
    "",
    title(terminal, "Exit codes"),
    ...columns(
      EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
      terminal,
    ),
    "",
    title(terminal, "To begin"),
    ...columns(
      [
        ["tanda serve", "a whole system in this terminal"],
        ["tanda run upper hola", "a task, in another"],
        ["tanda help run", "what a verb can do, with examples"],
      ],
      terminal,
    ),
  );
  return lines.join("\n");
}

export function verbHelp(verb: Verb, terminal: Terminal): string {
  const lines = [
    ...wrap(`tanda ${verb.name}: ${verb.summary}`, widthOf(terminal)).map((line) =>
      line.replace(`tanda ${verb.name}`, terminal.style("bold", `tanda ${verb.name}`)),
    ),
    "",
    title(terminal, "Usage"),
    ...verb.usage.map((usage) => `  tanda ${usage}`),
    "",
    title(terminal, "Examples"),
    ...verb.examples.flatMap(({ command, says }) => [
      `  ${command}`,
      ...wrap(says, widthOf(terminal) - 6).map((line) => `      ${line}`),
    ]),
  ];
  const groups = Map.groupBy(Object.entries(verb.flags), ([, flag]) => flag.group ?? "Flags");
  for (const [name, flags] of groups) {
    lines.push("", title(terminal, name), ...flagLines(Object.fromEntries(flags), terminal));
  }
  lines.push("", title(terminal, "Flags of every verb"), ...flagLines(GLOBAL_FLAGS, terminal));
  for (const note of verb.notes ?? []) lines.push("", ...wrap(note, widthOf(terminal)));
  return lines.join("\n");
}

/** Help for a program; `verb` null: of all. */
export async function helpJson(verb: Verb | null): Promise<object> {
  if (verb !== null) {
    const { name, summary, usage, examples, notes = [], flags } = verb;
    return { name, summary, usage, examples, notes, flags: { ...flags, ...GLOBAL_FLAGS } };
  }
  const verbs = [];
  for (const group of VERB_GROUPS) {
    for (const name of group.verbs) {
      const { summary, usage } = await loadVerb(name);
      verbs.push({ name, group: group.title, summary, usage });
    }
  }
  return { verbs, flags: GLOBAL_FLAGS, exitCodes: Object.fromEntries(EXIT_MEANINGS) };
}

function title(terminal: Terminal, text: string): string {
  return terminal.style("underline", text);
}

function flagLines(flags: Flags, terminal: Terminal): string[] {
  return columns(
    Object.entries(flags).map(([name, { value, short, says }]) => [
      `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
      says,
    ]),
    terminal,
  );
}

function columns(rows: readonly (readonly [string, string])[], terminal: Terminal): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrap(right, widthOf(terminal) - width - 4).map(
      (line, at) => `  ${(at === 0 ? left : "").padEnd(width)}  ${line}`,
    ),
  );
}

function widthOf(terminal: Terminal): number {
  return Math.min(terminal.columns ?? MOST_COLUMNS, MOST_COLUMNS);
}

/** Breaks between words only. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > Math.max(width, 20)) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
