/** Processor time of every thread of a node and its pool, to the nanosecond, as Linux's scheduler counts it. */
import { readdirSync, readFileSync } from "node:fs";
import { processesUnder } from "../process-tree.ts";
import { KINDS, kindOfTask, type Kind } from "./kinds.ts";

export type Costs = Readonly<Record<Kind, number>>;

type Threads = ReadonlyMap<string, { readonly kind: Kind; readonly ns: number }>;

/** @returns microseconds that each kind of thread spent while the work was done. */
export async function costsOf(node: number, work: () => Promise<unknown>): Promise<Costs> {
  const before = threadsOf(node);
  await work();
  const costs = Object.fromEntries(KINDS.map(({ kind }) => [kind, 0])) as Record<Kind, number>;
  for (const [id, { kind, ns }] of threadsOf(node)) costs[kind] += (ns - (before.get(id)?.ns ?? 0)) / 1000;
  return costs;
}

function threadsOf(node: number): Threads {
  const threads = new Map<string, { kind: Kind; ns: number }>();
  for (const { pid } of processesUnder([node])) {
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      const at = `/proc/${pid}/task/${tid}`;
      try {
        const comm = readFileSync(`${at}/comm`, "utf8").trim();
        const ns = Number(readFileSync(`${at}/schedstat`, "utf8").split(" ")[0]);
        threads.set(at, { kind: kindOfTask(pid !== node, Number(tid) === pid, comm), ns });
      } catch {
        // It ended meanwhile.
      }
    }
  }
  return threads;
}
