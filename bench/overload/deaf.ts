/**
 * Clients that ask for much and read nothing of it: results, lists, everything that happens. At first they ask as fast as they can, and
 * the node works for them until so much lies unread that it reads no more of theirs; then they only hold what they have, until they are
 * closed. Who asks for little is measured in both.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import type { DeafPlan, DeafReport } from "./deaf-process.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";
import { forkClients } from "./processors.ts";
import { withMemory } from "./watch-memory.ts";

const ENTRY = fileURLToPath(new URL("deaf-process.ts", import.meta.url));
const EACH = 20;
const REQUEST = '"action":"upper","payload":"hola"';
/** In a queue of their own. */
const ROWS = 2000;
const ROW = "r".repeat(2000);
const RESULTS = 600;
/** Ten seconds may pass unread, and it takes a while to leave so much. */
const CLOSED_BY_MS = 70_000;
const NICE = 19;

const payload = "p".repeat(50_000);
const KINDS: DeafPlan["kinds"] = [
  { connections: EACH, line: `{"action":"echo","payload":"${payload}"}\n`, times: RESULTS },
  { connections: EACH, line: '{"op":"list","queue":"rows","limit":1000}\n', times: 100 },
  { connections: EACH, line: '{"op":"watch"}\n', times: 1 },
];

export const deaf: Measure = {
  name: "DEAF",
  goals: [
    { says: "p99 beside 60 who ask for all they can, to unloaded", figure: "askingRatio", atMost: 2 },
    { says: "p99 beside them when they only do not read, to unloaded", figure: "holdingRatio", atMost: 2 },
    { says: "memory at most, all processes, MiB", figure: "mostMiB", atMost: 900 },
    { says: "that asked for results or lists, open after 70 s", figure: "open", atMost: 0 },
    { says: "honest requests not answered", figure: "honestUnanswered", atMost: 0 },
  ],
  async run({ isQuick }, onProgress) {
    const flags = ["--max-unread-time", isQuick ? "1s" : "10s"];
    const closedByMs = isQuick ? 6000 : CLOSED_BY_MS;
    const [askingS, holdingS] = isQuick ? [2, 1] : [10, 8];
    await using node = await startNode({ flags });
    const { port, pid } = node;
    await askHonestly(port, REQUEST, 2);
    const alone = await askHonestly(port, REQUEST, isQuick ? 2 : 10);
    await fill(port, isQuick ? 200 : ROWS);
    onProgress(1, 3);
    const child = forkClients(ENTRY, { nice: NICE });
    const heard = async (): Promise<DeafReport> => ((await once(child, "message")) as [DeafReport])[0];
    const open = async (): Promise<readonly number[]> => {
      child.send("how many are open");
      return (await heard()).open;
    };
    try {
      const { mostMiB, value } = await withMemory(pid, async () => {
        const begunAt = performance.now();
        child.send({ port, kinds: KINDS } satisfies DeafPlan);
        await heard();
        onProgress(2, 3);
        const asking = await askHonestly(port, REQUEST, askingS);
        const held = await open();
        const holding = await askHonestly(port, REQUEST, holdingS);
        await delay(Math.max(0, closedByMs - (performance.now() - begunAt)));
        return { asking, held, holding };
      });
      const [results = 0, lists = 0] = await open();
      const figures = {
        ...latencies("alone", alone),
        ...latencies("asking", value.asking),
        ...latencies("holding", value.holding),
      };
      onProgress(3, 3);
      return {
        ...figures,
        askingRatio: ratio(figures, "asking", "alone"),
        holdingRatio: ratio(figures, "holding", "alone"),
        honestUnanswered: figures["askingUnanswered"]! + figures["holdingUnanswered"]!,
        held: value.held.reduce((sum, count) => sum + count, 0),
        open: results + lists,
        mostMiB,
      };
    } finally {
      child.kill("SIGKILL");
    }
  },
};

async function fill(port: number, rows: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  let done = 0;
  socket.setEncoding("latin1").on("data", (text: string) => {
    done += text.split('"status":"done"').length - 1;
  });
  socket.end(`{"action":"echo","payload":"${ROW}","options":{"queue":"rows"}}\n`.repeat(rows));
  await once(socket, "close");
  // A word may be cut in two by the read of it.
  if (done < rows * 0.9) throw new Error(`${done} of ${rows} rows were made`);
}
