import { formatDuration } from "../../task/duration.ts";
import { EXIT } from "../exit-code.ts";
import { bytes, count } from "../phrases.ts";
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
      ["up", formatDuration(stats.uptimeMs)],
      ["submitted", `${count(perSecond.submitted)}/s`],
      ["finished", `${count(perSecond.finished)}/s, ${count(perSecond.failed)}/s failed`],
      [
        "to the start",
        `${startDelayMs.p50.toFixed(1)} ms median, ${startDelayMs.p99.toFixed(1)} ms for 99 %`,
      ],
      ["run", `${runMs.p50.toFixed(1)} ms median, ${runMs.p99.toFixed(1)} ms for 99 %`],
      ["in flight", `${count(stats.inFlight)}, ${bytes(stats.inFlightBytes)}`],
      ["threads", `${threads.busy} of ${threads.total} busy`],
      ["connections", count(stats.connections)],
      ["event loop lag", `${stats.eventLoopLagMs.toFixed(1)} ms`],
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
    return EXIT.done;
  },
};
