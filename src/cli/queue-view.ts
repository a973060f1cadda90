import type { QueueView } from "../protocol/messages.ts";
import { tellDuration } from "../task/duration.ts";
import { listed, noteMissing } from "./missing-nodes.ts";
import { count } from "./phrases.ts";
import { perSecondColumn } from "./rates-view.ts";
import { showTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export function showQueues(queues: readonly QueueView[], terminal: Terminal): void {
  showTable(
    terminal,
    [
      { title: "QUEUE", cell: (view) => view.queue },
      {
        title: "MODE",
        cell: (view) => terminal.style(view.mode === "open" ? "green" : "yellow", modeOf(view)),
      },
      { title: "WAITING", cell: (view) => count(view.waiting), isRight: true },
      {
        title: "OLDEST",
        cell: (view) => (view.oldestAgeMs === null ? "" : tellDuration(view.oldestAgeMs)),
        isRight: true,
      },
      perSecondColumn,
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
  noteMissing(terminal, queues);
}

/** Where the nodes of a cluster differ, of each: "paused at 2, open at 1 and 3". */
export function modeOf({ mode, modes = [] }: QueueView): string {
  if (modes.length === 0) return mode;
  const words = [...new Set([mode, ...modes.map((one) => one.mode)])];
  const nodesIn = (word: string): number[] =>
    modes.filter((one) => one.mode === word).map(({ node }) => node);
  return words.map((word) => `${word} at ${listed(nodesIn(word))}`).join(", ");
}
