/** Who works: threads, and what each runs since when. */
import type { Client } from "../../../src/client/browser.ts";
import type { NodeView, WorkerView } from "../../../src/protocol/messages.ts";
import { useAct } from "../act.tsx";
import { Waiting } from "../frame/waiting.tsx";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { bytes } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { Threads } from "./threads.tsx";
import "../style/workers.css";

const ask = async ({ $ }: Client): Promise<{ workers: WorkerView[]; nodes: NodeView[] }> => {
  const [workers, nodes] = await Promise.all([$.workers(), $.nodes()]);
  return { workers, nodes };
};

export function Workers() {
  const words = useWords();
  const { value, error } = useLive(ask, 1000);
  if (value === null) return <Waiting error={error} />;
  const { workers, nodes } = value;
  const silent = nodes.filter(({ state }) => state === "down");
  return (
    <section>
      <h1>{words.workers}</h1>
      {workers.length === 0 && <p className="hint">{words.noWorkers}</p>}
      {silent.map(({ node, listen }) => (
        <p key={node} className="wrong">
          {words.concerns.down(node)} {listen.join(", ")}
        </p>
      ))}
      <div className="cards">
        {workers.map((worker) => (
          <Card
            key={`${worker.node} ${worker.worker}`}
            worker={worker}
            node={nodes.find(({ node }) => node === worker.node)}
          />
        ))}
      </div>
    </section>
  );
}

function Card({ worker, node }: { worker: WorkerView; node: NodeView | undefined }) {
  const words = useWords();
  const { worker: name, state, threads, rssBytes, pid, startedAt } = worker;
  const busy = threads.filter(({ tasks }) => tasks.length > 0).length;
  return (
    <article className="card worker">
      <header>
        <h2>
          {words.worker} {name}
        </h2>
        <span className={`chip chip-${state}`}>{words[state]}</span>
        {/* A quarantine goes with its worker. */}
        {name === String(worker.node) && <DrainButton worker={worker} node={node} />}
      </header>
      <p className="dim">
        {busy} / {threads.length} {words.threads} · {words.memory} {bytes(rssBytes)} · {words.pid}{" "}
        {pid === 0 ? "–" : pid}
        {node !== undefined && ` · ${words.version} ${node.version}`} · {words.since}{" "}
        <Instant at={startedAt} />
      </p>
      <Threads threads={threads} />
    </article>
  );
}

function DrainButton({
  worker: { worker, state },
  node,
}: {
  worker: WorkerView;
  node: NodeView | undefined;
}) {
  const words = useWords();
  const act = useAct();
  // Of a node that stops nothing can be taken back.
  if (node?.state === "draining" || state === "starting") return null;
  return state === "draining" ? (
    <button
      type="button"
      className="primary"
      onClick={() =>
        act({
          name: words.resume,
          run: async ({ $ }) => (await $.resumeWorker(worker), words.didResumeWorker(worker)),
        })
      }
    >
      {words.resume}
    </button>
  ) : (
    <button
      type="button"
      onClick={() =>
        act({
          question: words.askDrainWorker(worker),
          name: words.drain,
          run: async ({ $ }) => (await $.drainWorker(worker), words.didDrainWorker(worker)),
        })
      }
    >
      {words.drain}
    </button>
  );
}
