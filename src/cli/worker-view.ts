import type { WorkerView } from "../protocol/messages.ts";
import { ago, bytes } from "./phrases.ts";
import { showTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** A line for each thread. */
export function showWorkers(workers: readonly WorkerView[], terminal: Terminal): void {
  const now = Date.now();
  const rows = workers.flatMap((worker) => worker.threads.map((thread) => ({ worker, thread })));
  showTable(
    terminal,
    [
      { title: "WORKER", cell: ({ worker }) => worker.worker },
      { title: "PID", cell: ({ worker }) => worker.pid, isRight: true },
      {
        title: "STATE",
        cell: ({ worker: { state } }) => (state === "draining" ? terminal.style("yellow", state) : state),
      },
      { title: "MEMORY", cell: ({ worker }) => bytes(worker.rssBytes), isRight: true },
      { title: "STARTED", cell: ({ worker }) => ago(worker.startedAt, now) },
      { title: "THREAD", cell: ({ thread }) => thread.thread, isRight: true },
      { title: "IS", cell: ({ thread }) => thread.state },
      {
        title: "RUNS",
        cell: ({ thread }) => thread.tasks.map(({ action, task }) => `${action} ${task}`).join(", "),
      },
    ],
    rows,
    "No workers.",
  );
}
