import { tellDuration } from "../../task/duration.ts";
import { HISTORY_WINDOWS, type HistoryWindow } from "../../protocol/messages.ts";
import { EXIT } from "../exit-code.ts";
import { showHistory } from "../history-view.ts";
import { noteMissing } from "../missing-nodes.ts";
import { bytes, count, milliseconds } from "../phrases.ts";
import { showFacts, showTable } from "../table.ts";
import { UsageError, type Verb } from "../verb.ts";

export const verb: Verb = {
  name: "stats",
  summary: "Shows how much there is, and how fast it goes.",
  usage: ["stats", "stats --history 10m|2h|1d"],
  examples: [
    { command: "tanda stats", says: "tasks by state, rates of the last ten seconds, delays, memory" },
    { command: "tanda stats --history 2h", says: "rates and delays of the last two hours, as bars" },
    { command: "watch tanda stats", says: "again every two seconds" },
  ],
  flags: {
    history: {
      says: "what was measured over the last 10m, 2h or 1d, since the node started",
      value: "WINDOW",
    },
  },
  words: { min: 0, max: 0 },
  async run({ given, terminal, connect }) {
    const window = given.text("history");
    if (window !== undefined && !isWindow(window))
      throw new UsageError(
        `--history is one of ${HISTORY_WINDOWS.join(", ")}, not ${JSON.stringify(window)}`,
      );
    const client = await connect();
    if (window !== undefined) {
      const history = await client.$.history(window);
      if (terminal.isJson) terminal.json(history);
      else showHistory(terminal, history);
      noteMissing(terminal, [history]);
      return EXIT.done;
    }
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

function isWindow(text: string): text is HistoryWindow {
  return (HISTORY_WINDOWS as readonly string[]).includes(text);
}
