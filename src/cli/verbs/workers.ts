import { EXIT } from "../exit-code.ts";
import { ago, bytes } from "../phrases.ts";
import { showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "workers",
  summary: "Lists the workers, their threads and what those run now.",
  usage: ["workers"],
  examples: [{ command: "tanda workers", says: "a line for each thread" }],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal, connect }) {
    const client = await connect();
    const workers = await client.$.workers();
    if (terminal.isJson) {
      terminal.json(workers);
      return EXIT.done;
    }
    const now = Date.now();
    const rows = workers.flatMap((worker) => worker.threads.map((thread) => ({ worker, thread })));
    showTable(
      terminal,
      [
        { title: "WORKER", cell: ({ worker }) => worker.worker },
        { title: "PID", cell: ({ worker }) => worker.pid, isRight: true },
        { title: "STATE", cell: ({ worker }) => worker.state },
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
    return EXIT.done;
  },
};
