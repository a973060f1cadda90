/** A node with its store for itself, and perhaps with peers, each of which has its own. */
import { LocalEngine } from "../engine/local-engine.ts";
import type { Outcomes } from "../engine/outcomes.ts";
import type { EngineParts } from "../engine/parts.ts";
import { EmbeddedQueue } from "../queue/embedded.ts";
import { isFinal } from "../task/state.ts";
import { noWorker } from "../worker/worker-face.ts";
import type { Company } from "./company.ts";
import type { DataFolder } from "./data-folder.ts";
import type { Cluster } from "./open-cluster.ts";
import type { NodeOptions } from "./options.ts";
import { recover } from "./recover.ts";

const LOOK_AT_ONCE = 1000;

export function openAlone(
  options: Pick<NodeOptions, "node" | "peers" | "token" | "clusterSecret" | "log">,
  folder: DataFolder,
  onError: (error: unknown) => void,
): Company {
  const { store } = folder;
  const queue = new EmbeddedQueue({ store, onError });
  let cluster: Cluster | null = null;
  let tellOfEnds: (() => Promise<void>) | null = null;
  return {
    queue,
    fleet: null,
    sharing: null,
    node: options.node,
    now: Date.now,
    lookEveryMs: null,
    trouble: null,
    async lookAgain() {
      const waiting = (await store.counts()).filter(({ state }) => state === "queued");
      queue.recover([...new Set(waiting.map((count) => count.queue))]);
      await tellOfEnds?.();
    },
    announced() {},
    async join({ parts, outcomes, worker, facts }) {
      tellOfEnds = () => tellEnds(parts, outcomes);
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

/** Of what is waited for here: its end may be written, and the answer that said so be lost. */
async function tellEnds({ store, flights, watchers }: EngineParts, outcomes: Outcomes): Promise<void> {
  const tasks = [...new Set([...flights.tasks(), ...watchers.tasks()])];
  for (let at = 0; at < tasks.length; at += LOOK_AT_ONCE)
    for (const row of await store.get(tasks.slice(at, at + LOOK_AT_ONCE)))
      if (row !== null && isFinal(row.state)) outcomes.follow(row, true);
}
