/** The least that a durable write costs on this disk: 4 KiB at the end of a file, and fdatasync. `node fdatasync.mjs FOLDER W2 COUNT` */
import { fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { latencies } from "./timing.mjs";
import { runWorkload } from "./workloads.mjs";

await runWorkload({
  async W2(count) {
    const file = openSync(join(process.argv[2], "log"), "w");
    const block = Buffer.alloc(4096, "x");
    const once = async () => {
      writeSync(file, block);
      fdatasyncSync(file);
    };
    await latencies(200, once);
    return latencies(count, once);
  },
});
