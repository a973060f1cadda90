/** A million that wait: what they take of memory, how soon a killed node is back, and that all of them are done at last. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RawClient } from "../raw-client.ts";
import type { Measure } from "./measure.ts";
import { startNode, type NodeOptions } from "./node.ts";
import { layOutPackage } from "./package-layout.ts";
import { countsOf } from "./queue-counts.ts";
import { residentOf } from "./resident.ts";
import { isQueued } from "./upper.ts";

const LOOK_EVERY_MS = 100;
const REST_MS = 3000;
const MIB = 1024 * 1024;

export const backlog: Measure = {
  name: "BACKLOG",
  goals: [
    { says: "resident with 1,000,000 queued, all processes, MiB", figure: "pssMiB", atMost: 250 },
    { says: "from a start on them to PONG, ms", figure: "restartMs", atMost: 2000 },
    { says: "resident after that start, MiB", figure: "restartedPssMiB", atMost: 250 },
    { says: "most while they are run, MiB", figure: "drainingPssMiB", atMost: 350 },
    { says: "queued and not done in the end", figure: "lost", atMost: 0 },
  ],
  async run({ isQuick }, onProgress) {
    const count = isQuick ? 3000 : 1_000_000;
    // As published: from the sources, what strips their types takes more than many tasks do.
    await using layout = await layOutPackage();
    const { program } = layout;
    const data = await mkdtemp(join(tmpdir(), "tanda-reach-backlog-"));
    try {
      const filled = await fillAndKill({ data, program }, count, (done) => onProgress(done / 2, count));
      const drained = await restartAndDrain({ data, program }, count, (done) =>
        onProgress((count + done) / 2, count),
      );
      return { queued: count, ...filled, ...drained };
    } finally {
      await rm(data, { recursive: true });
    }
  },
};

async function fillAndKill(
  options: NodeOptions & { data: string },
  count: number,
  onProgress: (done: number) => void,
): Promise<Record<string, number>> {
  const node = await startNode(options);
  try {
    const client = await RawClient.open(node.port);
    await client.ask({ op: "pause", queue: "default" });
    const submit = (id: number): string =>
      `{"id":${id},"action":"upper","payload":"hola","options":{"wait":false}}`;
    const seconds = await client.pipeline(count, 1000, submit, isQueued, onProgress);
    const busy = residentOf(node.pid);
    client.close();
    await delay(REST_MS);
    const { pssMiB, rssMiB } = residentOf(node.pid);
    const { size } = await stat(join(options.data, "tanda.db"));
    return {
      submitsPerSecond: count / seconds,
      busyPssMiB: busy.pssMiB,
      pssMiB,
      rssMiB,
      storeMiB: size / MIB,
    };
  } finally {
    await node.kill();
  }
}

async function restartAndDrain(
  options: NodeOptions & { data: string },
  count: number,
  onProgress: (done: number) => void,
): Promise<Record<string, number>> {
  await using node = await startNode(options);
  const restartMs = node.readyMs;
  await delay(REST_MS);
  const restartedPssMiB = residentOf(node.pid).pssMiB;
  const client = await RawClient.open(node.port);
  const startedAt = performance.now();
  await client.ask({ op: "resume", queue: "default" });
  let drainingPssMiB = 0;
  let counts = await countsOf(client);
  while (counts.left > 0) {
    await delay(LOOK_EVERY_MS);
    drainingPssMiB = Math.max(drainingPssMiB, residentOf(node.pid).pssMiB);
    counts = await countsOf(client);
    onProgress(count - counts.left);
  }
  const drainedPerSecond = count / ((performance.now() - startedAt) / 1000);
  client.close();
  return { restartMs, restartedPssMiB, drainingPssMiB, drainedPerSecond, lost: count - counts.done };
}
