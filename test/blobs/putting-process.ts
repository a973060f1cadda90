/** Puts a blob that never ends in the folder argv[2]; says so once a part of it is written. */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { openFileBlobs } from "../../src/blobs/files.ts";

const blobs = await openFileBlobs({ dir: process.argv[2]! });

async function* endless(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(100_000);
  process.stdout.write("writing\n");
  for (;;) {
    await sleep(1000);
    yield Buffer.alloc(1);
  }
}

await blobs.put(Readable.from(endless()));
