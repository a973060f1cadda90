/** What an open page costs the node it is of: processor time per task while W1 runs, with the page open in Chromium and without, in turns. */
import { chromium } from "playwright-core";
import { needs } from "../scripts/system-programs.ts";
import { processorUsOf } from "./processor-time.ts";
import { RawClient } from "./raw-client.ts";
import { startServer } from "./server.ts";
import type { Progress, Result } from "./workloads.ts";

/** Each pair begins with the other, so that what grows over time is on both sides. */
const TURNS = ["closed", "open", "open", "closed", "closed", "open", "open", "closed"] as const;

const upper = (id: number): string => `{"id":${id},"action":"upper","payload":"hola"}`;
const isHola = (reply: { result?: { data?: unknown } }): boolean => reply.result?.data === "HOLA";

/** @param count tasks of each turn: so many that the page, which asks once a second, asks several times. */
export async function page(count: number, onProgress: Progress): Promise<Result> {
  await using server = await startServer();
  const { path } = needs("chromium");
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    const client = await RawClient.open(server.port);
    await client.pipeline(50_000, 1000, upper, isHola);
    const us = { closed: 0, open: 0 };
    for (const [at, turn] of TURNS.entries()) {
      await tab.goto(turn === "open" ? `http://127.0.0.1:${server.port}/` : "about:blank");
      if (turn === "open") await tab.locator(".react-flow__node").first().waitFor();
      const before = processorUsOf([server.pid]);
      await client.pipeline(count, 1000, upper, isHola, (done) =>
        onProgress(at * count + done, TURNS.length * count),
      );
      us[turn] += processorUsOf([server.pid]) - before;
    }
    client.close();
    const tasks = (count * TURNS.length) / 2;
    const [closedUs, openUs] = [us.closed / tasks, us.open / tasks];
    return { workload: "PAGE", figures: { tasks, closedUs, openUs, openToClosed: openUs / closedUs } };
  } finally {
    await browser.close();
  }
}
