import type { QueueView } from "../protocol/messages.ts";
import { tellDuration } from "../task/duration.ts";
import { count } from "./phrases.ts";
import { showTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export function showQueues(queues: readonly QueueView[], terminal: Terminal): void {
  showTable(
    terminal,
    [
      { title: "QUEUE", cell: (view) => view.queue },
      { title: "MODE", cell: (view) => terminal.style(view.mode === "open" ? "green" : "yellow", view.mode) },
      { title: "WAITING", cell: (view) => count(view.waiting), isRight: true },
      {
        title: "OLDEST",
        cell: (view) => (view.oldestAgeMs === null ? "" : tellDuration(view.oldestAgeMs)),
        isRight: true,
      },
      {
        title: "TASKS",
        cell: (view) =>
          Object.entries(view.counts)
            .map(([state, number]) => `${count(number)} ${state}`)
            .join(", "),
      },
    ],
    queues,
    "No queues yet: they come with their first task.",
  );
}
