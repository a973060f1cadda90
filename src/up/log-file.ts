/** What processes say goes to files that do not grow without end. */
import { copyFileSync, existsSync, readFileSync, statSync, truncateSync } from "node:fs";

const MOST_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 4096;
/** Of what a program says that does not understand its flags: the error, a hint, where to read more. */
const MOST_LINES = 3;

/** All that a process writes is appended, so after the cut it goes on at the beginning. */
export function cutLog(file: string): void {
  if (!existsSync(file) || statSync(file).size < MOST_BYTES) return;
  copyFileSync(file, `${file}.old`);
  truncateSync(file, 0);
}

/** The last thing it said, for a person: of a line of JSON the message, and of an error its text, without the hint behind it. */
export function lastWords(file: string): string | null {
  if (!existsSync(file)) return null;
  const tail = readFileSync(file, "utf8").slice(-TAIL_BYTES).split("\n");
  const lines = tail.filter((text) => text.trim() !== "");
  const line = lines.at(-1);
  if (line === undefined) return null;
  try {
    const { msg, error, err } = JSON.parse(line) as Record<string, unknown>;
    const cause = (error ?? err) as { message?: unknown } | undefined;
    return [msg, cause?.message].filter((text) => typeof text === "string").join(": ") || line;
  } catch {
    return (lines.slice(-MOST_LINES).findLast((text) => text.startsWith("error: ")) ?? line).trim();
  }
}
