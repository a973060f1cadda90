/** Puts a blob that never ends in the folder or bucket argv[2]; says so once argv[3] bytes of it are taken. */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { openFileBlobs } from "../../src/blobs/files.ts";
import { openS3Blobs } from "../../src/blobs/s3.ts";

const [, , place = "", bytes = "100000"] = process.argv;
const blobs = place.startsWith("s3:")
  ? await openS3Blobs({ url: place })
  : await openFileBlobs({ dir: place });
const PIECE = 100_000;

async function* endless(): AsyncGenerator<Buffer> {
  for (let given = 0; given < Number(bytes); given += PIECE) yield Buffer.alloc(PIECE);
  process.stdout.write("writing\n");
  for (;;) {
    await sleep(1000);
    yield Buffer.alloc(1);
  }
}

await blobs.put(Readable.from(endless()));
