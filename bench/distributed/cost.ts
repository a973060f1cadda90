/** What one short task costs each box, in microseconds of processor time: the figures from which larger systems are computed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../raw-client.ts";
import type { Progress, Result } from "../workloads.ts";
import type { Servers } from "./servers.ts";
import type { Topology } from "./topology.ts";

/** Linux counts processor time in hundredths of a second. */
const TICK_US = 10_000;
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
  const before = new Map([...roots].map(([box, pids]) => [box, ticksOf(pids)]));
  const own = process.cpuUsage();
  const seconds = await client.pipeline(count, 1000, upper, isHola, (done) => onProgress(done, count));
  const { user, system } = process.cpuUsage(own);
  client.close();
  const figures: Record<string, number> = { tasks: count, tasksPerSecond: count / seconds };
  let sum = (user + system) / count;
  figures["clientUs"] = sum;
  for (const [box, pids] of roots) {
    const us = ((ticksOf(pids) - before.get(box)!) * TICK_US) / count;
    figures[`${box}Us`] = us;
    sum += us;
  }
  figures["allUs"] = sum;
  return { workload: "cost", figures };
}

/** Of these processes and all below them. */
function ticksOf(roots: readonly number[]): number {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The command's name, in parentheses, may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      processes.set(Number(name), {
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
    } catch {
      // It ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (roots.includes(at)) return true;
    return false;
  };
  let sum = 0;
  for (const [pid, { ticks }] of processes) if (isOurs(pid)) sum += ticks;
  return sum;
}
