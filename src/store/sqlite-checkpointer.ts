/** Entry of the thread that does a checkpoint whenever the writer asks. It has no event loop: it sleeps on the signal. */
import { workerData } from "node:worker_threads";
import { ASKED, BEGINS, END, ENDED, IDLE, type CheckpointerData } from "./checkpoint-signal.ts";
import { openBeside } from "./sqlite-schema.ts";

const { path, signal } = workerData as CheckpointerData;

try {
  const db = openBeside(path);
  const checkpoint = db.prepare("pragma wal_checkpoint(passive)");
  Atomics.compareExchange(signal, 0, BEGINS, ASKED);
  for (let state = ASKED; state !== END; state = Atomics.load(signal, 0)) {
    if (state === ASKED) {
      try {
        checkpoint.get();
      } catch {
        // The log keeps what could not be copied: it is tried again when it has grown.
      }
      // Unless the end was told meanwhile.
      Atomics.compareExchange(signal, 0, ASKED, IDLE);
      Atomics.notify(signal, 0);
    } else Atomics.wait(signal, 0, state);
  }
  db.close();
} finally {
  Atomics.store(signal, 0, ENDED);
  Atomics.notify(signal, 0);
}
