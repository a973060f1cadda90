/** Inputs that are kept: what once failed, and what seed the rest. One a file, named by kind, in escaped text. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashOf } from "./dice.ts";
import { KINDS, type Kind } from "./inputs.ts";

const FOLDER = fileURLToPath(new URL("./corpus", import.meta.url));

export function corpusOf(kind: Kind): Buffer[] {
  const files = readdirSync(FOLDER).filter((file) => kindOf(file) === kind);
  return files.sort().map((file) => readInput(join(FOLDER, file)));
}

/** @returns the file's path. */
export function keep(kind: Kind, input: Buffer): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${kind}-${hashOf(input).toString(16).padStart(8, "0")}.txt`);
  writeFileSync(file, `${escaped(input)}\n`);
  return file;
}

export function readInput(file: string): Buffer {
  return unescaped(readFileSync(file, "utf8").replace(/\n$/, ""));
}

/** @throws when the name does not begin with a kind. */
export function kindOf(file: string): Kind {
  const name = basename(file).split("-", 1)[0];
  const kind = KINDS.find((known) => known === name);
  if (kind === undefined) throw new Error(`${file} is named after none of ${KINDS.join(", ")}`);
  return kind;
}

/** ASCII as it is, all else as \xNN: exact, and to be read. */
export function escaped(input: Buffer): string {
  let text = "";
  for (const byte of input) {
    if (byte === 10) text += "\\n";
    else if (byte === 13) text += "\\r";
    else if (byte === 92) text += "\\\\";
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

export function unescaped(text: string): Buffer {
  const ends: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };
  const bytes = text.replaceAll(/\\(?:x([0-9a-f]{2})|([nr\\]))/g, (_all, hex?: string, end?: string) =>
    hex === undefined ? ends[end!]! : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}
