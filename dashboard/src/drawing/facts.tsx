/** All that is known of one box. */
import type { ReactNode } from "react";
import { bytes, compact, duration, rate } from "../numbers.ts";
import { Instant } from "../instant.tsx";
import { useWords } from "../words/words.tsx";
import { titleOf } from "./boxes.tsx";
import type { Box, Told } from "./system.ts";
import type { NodeView, WorkerView } from "../../../src/protocol/messages.ts";
import type { State } from "../../../src/task/state.ts";

export function Facts({ box, told, onClose }: { box: Box; told: Told; onClose: () => void }) {
  const words = useWords();
  return (
    <aside className="facts" aria-label={words.facts}>
      <header>
        <h2>{titleOf(box, words)}</h2>
        <button type="button" className="quiet" onClick={onClose} aria-label={words.close}>
          ✕
        </button>
      </header>
      <FactsOf box={box} told={told} />
    </aside>
  );
}

function FactsOf({ box, told: { stats } }: { box: Box; told: Told }) {
  const words = useWords();
  const { perSecond } = stats;
  switch (box.kind) {
    case "clients":
      return (
        <>
          <p>{words.aboutClients}</p>
          <List
            rows={[
              [words.connections, compact(box.connections)],
              [`${words.submitted}, ${words.window10s}`, `${rate(perSecond.submitted)} ${words.aSecond}`],
              [words.inFlight, compact(stats.inFlight)],
            ]}
          />
        </>
      );
    case "balancer":
      return <p>{words.aboutBalancer}</p>;
    case "gateway":
      return <NodeFacts node={box.node} isStopped={box.health === "stopped"} />;
    case "queue":
      return (
        <>
          <p>{words.aboutQueue}</p>
          <List
            rows={[
              [words.uses, box.uses],
              ...box.queues.map((one): [ReactNode, string] => [
                <a key={one.queue} href={`#/tasks?queue=${encodeURIComponent(one.queue)}`}>
                  {one.queue}
                </a>,
                `${compact(one.waiting)} ${words.waiting}${one.mode === "open" ? "" : `, ${words[one.mode]}`}`,
              ]),
            ]}
          />
        </>
      );
    case "worker":
      return (
        <>
          {box.node !== null && <NodeFacts node={box.node} isStopped={box.health === "stopped"} />}
          {box.workers.map((worker) => (
            <ThreadFacts key={worker.worker} worker={worker} />
          ))}
        </>
      );
    case "storage":
      return (
        <>
          <p>{words.aboutStorage}</p>
          <List
            rows={[
              [words.uses, `${box.uses}, ${box.blobs}`],
              [words.size, bytes(box.bytes)],
              ...Object.entries(stats.states).map(([state, count]): [ReactNode, string] => [
                <a key={state} href={`#/tasks?state=${state}`}>
                  {words.states[state as State]}
                </a>,
                compact(count),
              ]),
            ]}
          />
        </>
      );
  }
}

function NodeFacts({ node, isStopped }: { node: NodeView; isStopped: boolean }) {
  const words = useWords();
  if (isStopped) return <List rows={[[words.stopped, node.listen.join(", ")]]} />;
  if (node.state === "down") return <List rows={[[words.down, node.listen.join(", ")]]} />;
  return (
    <List
      rows={[
        [words.node, `${node.node}, ${words[node.state]}`],
        [words.version, node.version],
        [words.pid, String(node.pid)],
        [words.since, <Instant key="since" at={node.startedAt} />],
        [words.memory, bytes(node.rssBytes)],
        [words.connections, compact(node.connections)],
        [words.listens, node.listen.join(", ")],
      ]}
    />
  );
}

function ThreadFacts({ worker }: { worker: WorkerView }) {
  const words = useWords();
  return (
    <List
      rows={[
        [words.threadsMemory, bytes(worker.rssBytes)],
        ...worker.threads.map(({ thread, state, tasks }): [string, ReactNode] => [
          `${words.thread} ${thread}`,
          tasks.length === 0
            ? words[state]
            : tasks.map(({ task, action, sinceMs }) => (
                <a key={task} href={`#/tasks/${task}`}>
                  {action} {duration(sinceMs)}{" "}
                </a>
              )),
        ]),
      ]}
    />
  );
}

function List({ rows }: { rows: readonly (readonly [ReactNode, ReactNode])[] }) {
  return (
    <dl>
      {rows.map(([name, value], at) => (
        // oxlint-disable-next-line no-array-index-key -- rows do not change places
        <div key={at}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
