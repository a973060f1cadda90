/** All that is known of one box. */
import type { ReactNode } from "react";
import { bytes, compact, duration } from "../numbers.ts";
import { Instant } from "../instant.tsx";
import { useWords } from "../words/words.tsx";
import type { Box } from "./system.ts";
import type { NodeView, WorkerView } from "../../../src/protocol/messages.ts";

export function Facts({ box, onClose }: { box: Box; onClose: () => void }) {
  const words = useWords();
  return (
    <aside className="facts" aria-label={words.facts}>
      <header>
        <h2>{titleOf(box, words)}</h2>
        <button type="button" className="quiet" onClick={onClose} aria-label={words.close}>
          ✕
        </button>
      </header>
      <FactsOf box={box} />
    </aside>
  );
}

function FactsOf({ box }: { box: Box }) {
  const words = useWords();
  switch (box.kind) {
    case "clients":
      return <List rows={[[words.connected, compact(box.connections)]]} />;
    case "balancer":
      return <List rows={[]} />;
    case "gateway":
      return <NodeFacts node={box.node} />;
    case "queue":
      return (
        <List
          rows={[
            [words.uses, box.uses],
            ...box.queues.map((one): [string, string] => [
              one.queue,
              `${compact(one.waiting)} ${words.waiting}${one.mode === "open" ? "" : `, ${one.mode}`}`,
            ]),
          ]}
        />
      );
    case "worker":
      return (
        <>
          {box.node !== null && <NodeFacts node={box.node} />}
          {box.workers.map((worker) => (
            <ThreadFacts key={worker.worker} worker={worker} />
          ))}
        </>
      );
    case "storage":
      return (
        <List
          rows={[
            [words.uses, `${box.uses}, ${box.blobs}`],
            [words.tasks, compact(box.tasks)],
            [words.storage, bytes(box.bytes)],
          ]}
        />
      );
  }
}

function NodeFacts({ node }: { node: NodeView }) {
  const words = useWords();
  if (node.state === "down") return <List rows={[[words.down, node.listen.join(", ")]]} />;
  return (
    <List
      rows={[
        [words.node, `${node.node}, ${words[node.state]}`],
        [words.version, node.version],
        [words.pid, String(node.pid)],
        [words.since, <Instant key="since" at={node.startedAt} />],
        [words.memory, bytes(node.rssBytes)],
        [words.connected, compact(node.connections)],
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
        [words.memory, bytes(worker.rssBytes)],
        ...worker.threads.map(({ thread, state, tasks }): [string, string] => [
          `${words.threads} ${thread}`,
          tasks.length === 0
            ? words[state]
            : tasks.map(({ action, sinceMs }) => `${action} ${duration(sinceMs)}`).join(", "),
        ]),
      ]}
    />
  );
}

function List({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function titleOf(box: Box, words: ReturnType<typeof useWords>): string {
  if (box.kind === "gateway") return `${words.gateway} ${box.node.node}`;
  if (box.kind === "worker") return `${words.worker} ${box.node?.node ?? ""}`;
  return words[box.kind];
}
