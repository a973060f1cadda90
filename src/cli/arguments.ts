import { parseArgs } from "node:util";
import { suggest } from "./suggest.ts";
import { Given, UsageError, type Flags, type Verb } from "./verb.ts";

/** Flags every verb has. */
export const GLOBAL_FLAGS: Flags = {
  server: {
    value: "URL",
    short: "s",
    says: "where Tanda listens, also TANDA_SERVER; several with commas between (tanda://127.0.0.1:9000)",
  },
  token: { value: "TOKEN", says: "what lets you in, also TANDA_TOKEN, or a file's text: TANDA_TOKEN_FILE" },
  ca: {
    value: "FILE",
    says: "who signs the server's certificate (PEM), for tandas://; also TANDA_CA (those that Node knows)",
  },
  json: { short: "j", says: "write JSON, for programs" },
  help: { short: "h", says: "show this help" },
};

export type Arguments = { readonly words: readonly string[]; readonly given: Given };

/** @throws UsageError for anything the verb does not know, with what was probably meant. */
export function readArguments(args: readonly string[], verb: Pick<Verb, "name" | "flags">): Arguments {
  const flags: Flags = { ...GLOBAL_FLAGS, ...verb.flags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.value === undefined ? ("boolean" as const) : ("string" as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const values = new Map<string, string | true>();
  const all = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) throw new UsageError(unknownFlag(token.rawName, verb.name, Object.keys(flags)));
    if (flag.value === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${token.name} takes no value`);
      values.set(token.name, true);
    } else {
      if (token.value === undefined)
        throw new UsageError(`--${token.name} needs a value: --${token.name} ${flag.value}`);
      values.set(token.name, token.value);
      all.set(token.name, [...(all.get(token.name) ?? []), token.value]);
    }
  }
  return { words, given: new Given(values, all) };
}

function unknownFlag(raw: string, verb: string, known: readonly string[]): string {
  if (/^-\d/.test(raw)) return `${raw} reads as a flag; write -- before it: tanda ${verb} … -- ${raw}`;
  const meant = suggest(raw.replace(/^-+/, ""), known);
  return `unknown flag ${raw}${meant === null ? "" : `; did you mean --${meant}?`}`;
}
