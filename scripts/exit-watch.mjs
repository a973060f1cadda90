/**
 * Ends test files whose process does not. Node may stand still for ever while it leaves, its main thread waiting for one that compiles
 * and that one for the main thread (nodejs/node#54918): all tests have been told by then, and nothing is open any more.
 * Their processes say so themselves (tell-leaving.mjs): what the test runner tells of a file may wait for the files before it.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class ExitWatch {
  /** Files that went well, and whose process had to be ended. */
  ended = new Set();
  /** Where processes say that they leave. */
  folder = fs.mkdtempSync(join(tmpdir(), "tanda-leaving-"));
  #graceMs;
  #isOpen;
  #watcher;

  /** @param isOpen whether a file has not completed yet. */
  constructor(graceMs, isOpen) {
    this.#graceMs = graceMs;
    this.#isOpen = isOpen;
    this.#watcher = fs.watch(this.folder, (_, pid) => this.#leaves(Number(pid)));
  }

  close() {
    this.#watcher.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  #leaves(pid) {
    setTimeout(() => {
      // Not one of ours that has left, nor another that has its number by now.
      const file = commandOf(pid).find(this.#isOpen);
      if (file === undefined || this.ended.has(file)) return;
      this.ended.add(file);
      process.kill(pid, "SIGKILL");
    }, this.#graceMs).unref();
  }
}

/** @returns the words it was started with; none when it has ended, or where there is no /proc. */
function commandOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
