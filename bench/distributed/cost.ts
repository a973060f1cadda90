/** What one short task costs each box, in microseconds of processor time: the figures from which larger systems are computed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { processorUsOf } from "../processor-time.ts";
import { RawClient } from "../raw-client.ts";
import type { Progress, Result } from "../workloads.ts";
import type { Servers } from "./servers.ts";
import type { Topology } from "./topology.ts";

const WARM_UP = 30_000;

export async function cost(
  servers: Servers,
  topology: Topology,
  count: number,
  onProgress: Progress,
): Promise<Result> {
  const { postgres, rabbitmq } = servers;
  const { fleet } = topology;
  const broker = Number(JSON.parse(await rabbitmq.first.ctl("eval", "os:getpid().")));
  const postmaster = Number(
    readFileSync(join(postgres.folder, "data", "postmaster.pid"), "utf8").split("\n")[0],
  );
  const roots = new Map<string, readonly number[]>([
    ["haproxy", topology.balancer],
    ["gateway", fleet.gateways.map(({ pid }) => pid)],
    ["rabbitmq", [broker]],
    ["worker", fleet.workers.map(({ pid }) => pid)],
    ["postgresql", [postmaster]],
  ]);
  const client = await RawClient.open(topology.port);
  const upper = (id: number): string => `{"id":${id},"action":"upper","payload":"hola"}`;
  const isHola = (reply: { result?: { data?: unknown } }): boolean => reply.result?.data === "HOLA";
  await client.pipeline(WARM_UP, 1000, upper, isHola);
  const before = new Map([...roots].map(([box, pids]) => [box, processorUsOf(pids)]));
  const own = process.cpuUsage();
  const seconds = await client.pipeline(count, 1000, upper, isHola, (done) => onProgress(done, count));
  const { user, system } = process.cpuUsage(own);
  client.close();
  const figures: Record<string, number> = { tasks: count, tasksPerSecond: count / seconds };
  let sum = (user + system) / count;
  figures["clientUs"] = sum;
  for (const [box, pids] of roots) {
    const us = (processorUsOf(pids) - before.get(box)!) / count;
    figures[`${box}Us`] = us;
    sum += us;
  }
  figures["allUs"] = sum;
  return { workload: "cost", figures };
}
