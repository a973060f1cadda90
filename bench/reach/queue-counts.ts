/** What waits and runs in the default queue, and what is done. */
import type { RawClient } from "../raw-client.ts";

export type QueueCounts = { readonly left: number; readonly done: number };

export async function countsOf(client: RawClient): Promise<QueueCounts> {
  const queues = (await client.ask({ op: "queues" })) as {
    queue: string;
    counts: Record<string, number>;
  }[];
  const counts = queues.find(({ queue }) => queue === "default")?.counts ?? {};
  return { left: (counts["queued"] ?? 0) + (counts["running"] ?? 0), done: counts["done"] ?? 0 };
}
