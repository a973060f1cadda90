/** Loaded into every test file: says that its event loop has run dry and its tests went well, with a file named by the process. */
import fs from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

// A worker's end is not the process's. Read now: a test may change the environment.
const folder = process.env.TANDA_TESTS_LEAVING;
if (isMainThread && folder) {
  process.once("exit", (code) => {
    if (code === 0) fs.writeFileSync(join(folder, String(process.pid)), "");
  });
}
