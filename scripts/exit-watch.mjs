/**
 * Ends test files whose process does not. Node may stand still for ever while it leaves, its main thread waiting for one that compiles
 * and that one for the main thread (nodejs/node#54918): all tests have been told by then, and nothing is open any more.
 */
import fs from "node:fs";

export class ExitWatch {
  /** Files whose tests are told, and whose process had to be ended. */
  ended = new Set();
  #graceMs;
  #timers = new Map();

  constructor(graceMs) {
    this.#graceMs = graceMs;
  }

  /** Its process has nothing more to do, or so Node says: the counts of a file come when its event loop has run dry. */
  told(file) {
    const timer = setTimeout(() => {
      const pid = childWith(file);
      if (pid === null) return;
      this.ended.add(file);
      process.kill(pid, "SIGKILL");
    }, this.#graceMs);
    this.#timers.set(file, timer);
  }

  left(file) {
    clearTimeout(this.#timers.get(file));
    this.#timers.delete(file);
  }
}

/** @returns the id of our child with this word in its command line; null when there is none, or where there is no /proc. */
function childWith(word) {
  const children = read(`/proc/self/task/${process.pid}/children`).split(" ").filter(Boolean);
  const pid = children.find((id) => read(`/proc/${id}/cmdline`).split("\0").includes(word));
  return pid === undefined ? null : Number(pid);
}

function read(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
