/** Who works: threads, and what each runs since when. */
import type { Client } from "../../../src/client/browser.ts";
import type { NodeView, WorkerView } from "../../../src/protocol/messages.ts";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { bytes, duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const ask = async ({ $ }: Client): Promise<{ workers: WorkerView[]; nodes: NodeView[] }> => {
  const [workers, nodes] = await Promise.all([$.workers(), $.nodes()]);
  return { workers, nodes };
};

export function Workers() {
  const words = useWords();
  const { value, error } = useLive(ask, 1000);
  if (value === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  const { workers, nodes } = value;
  return (
    <section>
      <h1>{words.workers}</h1>
      {workers.length === 0 && <p className="hint">{words.noWorkers}</p>}
      <div className="cards">
        {workers.map((worker) => (
          <Card
            key={`${worker.node} ${worker.worker}`}
            worker={worker}
            version={nodes.find(({ node }) => node === worker.node)?.version ?? ""}
          />
        ))}
      </div>
    </section>
  );
}

function Card({ worker, version }: { worker: WorkerView; version: string }) {
  const words = useWords();
  const busy = worker.threads.filter(({ tasks }) => tasks.length > 0).length;
  return (
    <article className="card">
      <header>
        <h2>
          {words.worker} {worker.worker}
        </h2>
        <span className={`chip chip-${worker.state}`}>{words[worker.state]}</span>
      </header>
      <p className="dim">
        {busy} / {worker.threads.length} {words.threads} · {bytes(worker.rssBytes)} · {words.pid} {worker.pid}{" "}
        · {version} · {words.since} <Instant at={worker.startedAt} />
      </p>
      <ol className="lanes">
        {worker.threads.map(({ thread, state, tasks }) => (
          <li key={thread}>
            <span className={`thread thread-${state}`} aria-hidden="true" />
            <span className="dim">{thread}</span>
            {tasks.length === 0 ? (
              <span className="dim">{words[state]}</span>
            ) : (
              tasks.map(({ task, action, sinceMs }) => (
                <a key={task} href={`#/tasks/${task}`}>
                  {action} <small>{duration(sinceMs)}</small>
                </a>
              ))
            )}
          </li>
        ))}
      </ol>
    </article>
  );
}
