import { tellDuration } from "../../task/duration.ts";
import { EXIT } from "../exit-code.ts";
import { noteMissing } from "../missing-nodes.ts";
import { bytes, count, milliseconds } from "../phrases.ts";
import { showFacts, showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "stats",
  summary: "Shows how much there is, and how fast it goes.",
  usage: ["stats"],
  examples: [
    { command: "tanda stats", says: "tasks by state, rates of the last ten seconds, delays, memory" },
    { command: "watch tanda stats", says: "again every two seconds" },
  ],
  flags: {},
  words: { min: 0, max: 0 },
  async run({ terminal, connect }) {
    const client = await connect();
    const stats = await client.$.stats();
    if (terminal.isJson) {
      terminal.json(stats);
      return EXIT.done;
    }
    const { perSecond, startDelayMs, runMs, threads } = stats;
    showFacts(terminal, [
      ["up", tellDuration(stats.uptimeMs)],
      ["submitted", `${count(perSecond.submitted)}/s`],
      ["finished", `${count(perSecond.finished)}/s, ${count(perSecond.failed)}/s failed`],
      [
        "to the start",
        `${milliseconds(startDelayMs.p50)} median, ${milliseconds(startDelayMs.p99)} for 99 %`,
      ],
      ["run", `${milliseconds(runMs.p50)} median, ${milliseconds(runMs.p99)} for 99 %`],
      ["in flight", `${count(stats.inFlight)}, ${bytes(stats.inFlightBytes)}`],
      ["threads", `${threads.busy} of ${threads.total} busy`],
      ["connections", count(stats.connections)],
      ["event loop lag", milliseconds(stats.eventLoopLagMs)],
      ["store", bytes(stats.storeBytes)],
    ]);
    showTable(
      terminal,
      [
        { title: "QUEUE", cell: (row) => row.queue },
        { title: "ACTION", cell: (row) => row.action },
        { title: "STATE", cell: (row) => row.state },
        { title: "TASKS", cell: (row) => count(row.count), isRight: true },
      ],
      stats.counts,
      "No tasks yet.",
    );
    noteMissing(terminal, [stats]);
    return EXIT.done;
  },
};
