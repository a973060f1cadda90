/**
 * Thumbnails and checksums of a folder of pictures, over all threads.
 *
 *   npx node examples/images/run.ts [FOLDER] [--out FOLDER] [--width N] [--server URL]
 *
 * Without --server it starts a node in itself. An empty folder is filled with samples first.
 */
import { createWriteStream, globSync, openAsBlob } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { connect, startNode, type Client } from "../../src/index.ts"; // in a project of yours: from "tanda"
import type actions from "./actions.ts";
import { makeSamples } from "./samples.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string" }, width: { type: "string" }, server: { type: "string" } },
});
const folder = positionals[0] ?? here("./pictures");
const out = values.out ?? join(folder, "thumbnails");
const LANES = 32;
const width = Number(values.width ?? 200);

if (findPictures(folder).length === 0) {
  console.error(`No pictures in ${folder}: making some.`);
  await makeSamples(folder, 24);
}
await mkdir(out, { recursive: true });

await using node = values.server === undefined ? await openNode() : null;
await using tanda: Client<typeof actions> = node?.client ?? connect<typeof actions>(values.server!);
process.exitCode = await makeThumbnails(tanda, findPictures(folder));

function openNode() {
  return startNode<typeof actions>({ data: ":memory:", actions: new URL("./actions.ts", import.meta.url) });
}

/** @returns the exit code. */
async function makeThumbnails(client: Client<typeof actions>, pictures: readonly string[]): Promise<number> {
  const bar = new SingleBar({
    format: "{bar} {value} of {total} pictures, {eta_formatted} to go",
    stream: process.stderr,
  });
  bar.start(pictures.length, 0);

  const sums: string[] = [];
  const errors: string[] = [];
  const waiting = pictures.values();
  /** Takes one picture after the other; several such lanes keep the threads busy while others are on their way. */
  const lane = async (): Promise<void> => {
    for (const path of waiting) {
      try {
        sums.push(`${await makeThumbnail(client, path)}  ${path}`);
      } catch (error) {
        errors.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
      bar.increment();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  bar.stop();
  for (const line of sums.sort()) console.log(line);
  for (const line of errors) console.error(line);
  return errors.length === 0 ? 0 : 1;
}

/** @returns the checksum of the original. */
async function makeThumbnail(client: Client<typeof actions>, path: string): Promise<string> {
  const image = await client.$.blobs.put(await openAsBlob(path));
  const { sha256, thumbnail } = await client.thumbnail({ image, width });
  const bytes = await client.$.blobs.get(thumbnail);
  const file = join(out, `${basename(path, extname(path))}.webp`);
  await bytes.pipeTo(Writable.toWeb(createWriteStream(file)));
  return sha256;
}

function findPictures(place: string): string[] {
  return globSync("*.{jpg,jpeg,png,webp,avif,gif,tif,tiff}", { cwd: place })
    .sort()
    .map((name) => join(place, name));
}
