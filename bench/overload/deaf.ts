/** Clients that ask for much and read nothing of it: results, lists, everything that happens. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";
import { withMemory } from "./watch-memory.ts";

const EACH = 20;
const REQUEST = '"action":"upper","payload":"hola"';
/** In a queue of their own: a page of large tasks is cut short, and would be no long answer. */
const ROWS = 2000;
const RESULTS = 600;
/** Half a minute may pass unread. */
const CLOSED_BY_MS = 40_000;

const payload = "p".repeat(50_000);
const KINDS = [
  { name: "results", line: `{"action":"echo","payload":"${payload}"}\n`, times: RESULTS },
  { name: "list", line: '{"op":"list","queue":"rows","limit":1000}\n', times: 100 },
  { name: "watch", line: '{"op":"watch"}\n', times: 1 },
] as const;

export const deaf: Measure = {
  name: "DEAF",
  goals: [
    { says: "p99 beside 60 who read nothing, to unloaded", figure: "ratio", atMost: 2 },
    { says: "memory at most, all processes, MiB", figure: "mostMiB", atMost: 900 },
    { says: "that asked for results or lists, open after 40 s", figure: "open", atMost: 0 },
    { says: "honest requests not answered", figure: "besideUnanswered", atMost: 0 },
  ],
  async run({ isQuick }, onProgress) {
    const flags = isQuick ? ["--max-unread-time", "1s"] : [];
    const closedByMs = isQuick ? 6000 : CLOSED_BY_MS;
    const seconds = isQuick ? 3 : 20;
    await using node = await startNode({ flags });
    const { port, pid } = node;
    await askHonestly(port, REQUEST, 2);
    const alone = await askHonestly(port, REQUEST, isQuick ? 2 : 10);
    await fill(port, isQuick ? 200 : ROWS);
    onProgress(1, 3);
    const sockets: Socket[] = [];
    const { mostMiB, value } = await withMemory(pid, async () => {
      const begunAt = performance.now();
      for (const { line, times } of KINDS) {
        for (let n = 0; n < EACH; n++) {
          const socket = connect({ port, host: "127.0.0.1" });
          await once(socket, "connect");
          socket.on("error", () => {}).pause();
          sockets.push(socket);
          for (let sent = 0; sent < times; sent++) socket.write(line);
        }
      }
      onProgress(2, 3);
      const beside = await askHonestly(port, REQUEST, seconds);
      await delay(Math.max(0, closedByMs - (performance.now() - begunAt)));
      return beside;
    });
    // Who is gone is noticed by who writes.
    for (const socket of sockets) socket.write("\n");
    await delay(500);
    const figures = { ...latencies("alone", alone), ...latencies("beside", value) };
    const open = sockets.slice(0, 2 * EACH).filter(({ destroyed }) => !destroyed).length;
    for (const socket of sockets) socket.destroy();
    onProgress(3, 3);
    return { ...figures, ratio: ratio(figures, "beside", "alone"), open, mostMiB };
  },
};

async function fill(port: number, rows: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.end('{"action":"echo","queue":"rows","payload":"row"}\n'.repeat(rows));
  socket.resume();
  await once(socket, "close");
}
