/** A node with its store for itself, and perhaps with peers, each of which has its own. */
import { LocalEngine } from "../engine/local-engine.ts";
import { EmbeddedQueue } from "../queue/embedded.ts";
import { noWorker } from "../worker/worker-face.ts";
import type { Company } from "./company.ts";
import type { DataFolder } from "./data-folder.ts";
import type { Cluster } from "./open-cluster.ts";
import type { NodeOptions } from "./options.ts";
import { recover } from "./recover.ts";

export function openAlone(
  options: Pick<NodeOptions, "node" | "peers" | "token" | "clusterSecret" | "log">,
  folder: DataFolder,
  onError: (error: unknown) => void,
): Company {
  const { store } = folder;
  const queue = new EmbeddedQueue({ store, onError });
  let cluster: Cluster | null = null;
  return {
    queue,
    fleet: null,
    sharing: null,
    node: options.node,
    lookEveryMs: null,
    trouble: null,
    async lookAgain() {
      const waiting = (await store.counts()).filter(({ state }) => state === "queued");
      queue.recover([...new Set(waiting.map((count) => count.queue))]);
    },
    announced() {},
    async join({ parts, outcomes, worker, facts }) {
      const recovered =
        worker === null
          ? { queued: 0, interrupted: 0 }
          : await recover(store, queue, worker, folder.left, parts.now);
      const local = new LocalEngine(parts, worker ?? noWorker, outcomes, facts);
      if (options.peers.length === 0) return { engine: local, duties: [], recovered };
      const { openCluster } = await import("./open-cluster.ts");
      cluster = openCluster(local, options);
      return { engine: cluster.engine, duties: [], recovered };
    },
    /** What rides and has no row would be lost; the rest goes on at the next start. */
    isAwaited: ({ flights }) => flights.hasUnwritten,
    async leave() {
      await cluster?.close();
    },
    close: () => queue.close(),
  };
}
