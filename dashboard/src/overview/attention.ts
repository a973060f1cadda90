/** What somebody should look at, from what the nodes tell; what is worst comes first. Nothing here is a setting: each is a fact. */
import type { Told } from "../drawing/system.ts";
import { failedShare } from "../failed/failed-share.ts";

export type Concern = {
  readonly tone: "bad" | "warn";
  /** Where it is seen, and mended. */
  readonly link: string;
} & (
  | { readonly is: "down" | "notReady" | "drainingNode"; readonly node: number }
  | { readonly is: "noWorkers" }
  | { readonly is: "drainingWorker"; readonly worker: string }
  | { readonly is: "stuck"; readonly worker: string; readonly threads: number }
  | { readonly is: "paused" | "drainingQueue"; readonly queue: string; readonly waiting: number }
  | { readonly is: "late"; readonly queue: string; readonly ageMs: number }
  | { readonly is: "failing"; readonly share: number }
);

/** Older than this, what waits in an open queue is late. */
const LATE_MS = 10_000;
const TOO_LATE_MS = 60_000;
/** Of what ended in the last 10 s. */
const FAILING_SHARE = 0.05;
const FAILING_BADLY_SHARE = 0.25;

export function concernsOf({ nodes, workers, queues, stats }: Told): Concern[] {
  const all: Concern[] = [];
  for (const { node, state } of nodes) {
    if (state === "down") all.push({ is: "down", node, tone: "bad", link: "#/" });
    if (state === "not_ready") all.push({ is: "notReady", node, tone: "bad", link: "#/" });
    if (state === "draining") all.push({ is: "drainingNode", node, tone: "warn", link: "#/" });
  }
  if (workers.length === 0) all.push({ is: "noWorkers", tone: "bad", link: "#/workers" });
  const leaving = new Set(nodes.filter(({ state }) => state === "draining").map(({ node }) => node));
  for (const { worker, node, state, threads } of workers) {
    const stuck = threads.filter((thread) => thread.state === "stuck").length;
    if (stuck > 0) all.push({ is: "stuck", worker, threads: stuck, tone: "bad", link: "#/workers" });
    if (state === "draining" && !leaving.has(node))
      all.push({ is: "drainingWorker", worker, tone: "warn", link: "#/workers" });
  }
  for (const { queue, mode, waiting, oldestAgeMs } of queues) {
    const link = "#/queues";
    if (mode === "paused") all.push({ is: "paused", queue, waiting, tone: "warn", link });
    else if (mode === "draining") all.push({ is: "drainingQueue", queue, waiting, tone: "warn", link });
    else if (oldestAgeMs !== null && oldestAgeMs > LATE_MS)
      all.push({
        is: "late",
        queue,
        ageMs: oldestAgeMs,
        tone: oldestAgeMs > TOO_LATE_MS ? "bad" : "warn",
        link,
      });
  }
  const share = failedShare(stats.perSecond);
  if (share > FAILING_SHARE)
    all.push({ is: "failing", share, tone: share > FAILING_BADLY_SHARE ? "bad" : "warn", link: "#/failed" });
  return all.sort((a, b) => Number(b.tone === "bad") - Number(a.tone === "bad"));
}
