/**
 * Counts the words of large text files with `tanda map`: every line is a task, over all threads.
 *
 *   npx node examples/text/run.ts [FILE …]        by default the licences of a Debian machine
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, globSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { startNode } from "../../src/index.ts"; // in a project of yours: from "tanda"

const TANDA = fileURLToPath(new URL("../../bin/tanda.js", import.meta.url));
const given = process.argv.slice(2);
const files = given.length > 0 ? given : globSync("/usr/share/common-licenses/*");
if (files.length === 0) throw new Error("Name the text files to count.");

await using node = await startNode({
  data: ":memory:",
  listen: [{ host: "127.0.0.1", port: 0, proxy: false }],
  actions: new URL("./actions.ts", import.meta.url),
});

const map = spawn(
  process.execPath,
  [TANDA, "map", "words", "--server", `tanda://127.0.0.1:${node.addresses[0]!.port}`],
  { stdio: ["pipe", "pipe", "inherit"] },
);
const ended = once(map, "close");
const [{ lineCount, totals }] = await Promise.all([
  addUp(map.stdout),
  pipeline(Readable.from(linesOf(files)), map.stdin),
]);
const [exitCode] = (await ended) as [number | null];

const words = [...totals.values()].reduce((sum, count) => sum + count, 0);
console.log(`${files.length} files, ${lineCount} lines, ${words} words, ${totals.size} of them different`);
for (const [word, count] of [...totals].sort(([, a], [, b]) => b - a).slice(0, 10)) {
  console.log(`${String(count).padStart(8)}  ${word}`);
}
process.exitCode = exitCode ?? 1;

/** Lines that hold something. Read as they are wanted: a file may be larger than the memory. */
async function* linesOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    for await (const line of createInterface({
      input: createReadStream(path, "utf8"),
      crlfDelay: Infinity,
    })) {
      if (line.trim() !== "") yield `${line}\n`;
    }
  }
}

/** Results come as lines of JSON, in the order of the lines that went in. */
async function addUp(results: Readable): Promise<{ lineCount: number; totals: Map<string, number> }> {
  const totals = new Map<string, number>();
  let lineCount = 0;
  for await (const line of createInterface({ input: results })) {
    lineCount++;
    for (const [word, count] of Object.entries(JSON.parse(line) as Record<string, number>)) {
      totals.set(word, (totals.get(word) ?? 0) + count);
    }
  }
  return { lineCount, totals };
}
