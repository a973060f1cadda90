/**
 * Clients that ask for much and read nothing of it: results, lists, everything that happens. At first they ask as fast as they can, and
 * the node works for them until so much lies unread that it reads no more of theirs; then they only hold what they have, until they are
 * closed. Who asks for little is measured in both.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import { fillRows, flood } from "./deaf-flood.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";
import { withMemory } from "./watch-memory.ts";

const REQUEST = '"action":"upper","payload":"hola"';
/** Ten seconds may pass unread, and it takes a while to leave so much. */
const CLOSED_BY_MS = 70_000;

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
    await fillRows(port, isQuick);
    onProgress(1, 3);
    const { mostMiB, value } = await withMemory(pid, async () => {
      const begunAt = performance.now();
      using deafs = await flood(port, ["results", "lists", "events"]);
      onProgress(2, 3);
      const asking = await askHonestly(port, REQUEST, askingS);
      const held = await deafs.open();
      const holding = await askHonestly(port, REQUEST, holdingS);
      await delay(Math.max(0, closedByMs - (performance.now() - begunAt)));
      return { asking, held, holding, open: await deafs.open() };
    });
    const [results = 0, lists = 0] = value.open;
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
  },
};
