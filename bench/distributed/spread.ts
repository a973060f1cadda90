/** Long tasks over several workers: how evenly they share them. */
import type { Progress, Result } from "../workloads.ts";
import { RawClient } from "../raw-client.ts";
import type { Topology } from "./topology.ts";

export async function spread(topology: Topology, count: number, onProgress: Progress): Promise<Result> {
  const client = await RawClient.open(topology.port);
  const sleep = (id: number): string => `{"id":${id},"action":"sleep","payload":50}`;
  const isDone = (reply: { status: string }): boolean => reply.status === "done";
  const { workers } = topology.fleet;
  const before = await Promise.all(workers.map(({ port }) => finishedAt(port)));
  const seconds = await client.pipeline(count, count, sleep, isDone, (done) => onProgress(done, count));
  const after = await Promise.all(workers.map(({ port }) => finishedAt(port)));
  client.close();
  const shares = after.map((total, at) => total - before[at]!);
  const mean = count / shares.length;
  const figures = {
    tasks: count,
    workers: shares.length,
    seconds,
    busiestOverMean: Math.max(...shares) / mean,
  };
  return { workload: "W5", figures };
}

/** By the worker's own metrics. */
async function finishedAt(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  let sum = 0;
  for (const [, value] of text.matchAll(/^tanda_tasks_finished_total\{[^}]*action="sleep"[^}]*\} (\d+)/gm))
    sum += Number(value);
  return sum;
}
