/** A million submits as fast as they go in, more than may wait: each is answered, none is lost, and all that was let in is done. */
import { setTimeout as delay } from "node:timers/promises";
import { RawClient } from "../raw-client.ts";
import type { Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import { countsOf } from "../reach/queue-counts.ts";
import { runClients } from "./clients.ts";
import { withMemory } from "./watch-memory.ts";

const COUNT = 1_000_000;
const MAX_QUEUED = 200_000;
const CONNECTIONS = 20;
const LONG_S = 600;
const DRAINED_WITHIN_MS = 300_000;

export const burst: Measure = {
  name: "BURST",
  goals: [
    { says: "submits that were not answered", figure: "unanswered", atMost: 0 },
    { says: "let in and not done in the end", figure: "lost", atMost: 0 },
    { says: "memory at most, all processes, MiB", figure: "mostMiB", atMost: 900 },
  ],
  async run({ isQuick }, onProgress) {
    const count = isQuick ? 5000 : COUNT;
    await using node = await startNode({ flags: ["--max-queued", String(isQuick ? 1000 : MAX_QUEUED)] });
    const request = '"action":"upper","payload":"hola","options":{"wait":false}';
    const plan = {
      port: node.port,
      connections: CONNECTIONS,
      request,
      onBusy: "drop",
      perSecond: 1e7,
      count,
    } as const;
    const client = await RawClient.open(node.port);
    const { mostMiB, value } = await withMemory(node.pid, async () => {
      const report = await runClients({ ...plan, seconds: LONG_S });
      onProgress(1, 2);
      const until = performance.now() + DRAINED_WITHIN_MS;
      let counts = await countsOf(client);
      while (counts.left > 0 && performance.now() < until) {
        await delay(100);
        counts = await countsOf(client);
      }
      return { report, done: counts.done };
    });
    client.close();
    onProgress(2, 2);
    const { asked, letIn, busy, failed } = value.report;
    return {
      asked,
      letIn,
      busy,
      unanswered: asked - letIn - busy + failed,
      lost: letIn - value.done,
      mostMiB,
    };
  },
};
