/** How each box looks. React Flow places them; a click or Enter on one shows its facts. */
import { Handle, Position, type NodeProps } from "@xyflow/react";
import type { ReactNode } from "react";
import { bytes, compact, duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import type { Words } from "../words/en.ts";
import { MANY_THREADS } from "./places.ts";
import {
  isUp,
  type Box,
  type GatewayBox,
  type Health,
  type QueueBox,
  type StorageBox,
  type WorkerBox,
} from "./system.ts";

export type BoxData = { box: Box; isNarrow: boolean };

export function BoxNode({ data }: NodeProps) {
  const { box, isNarrow } = data as BoxData;
  const [into, out] = isNarrow ? [Position.Top, Position.Bottom] : [Position.Left, Position.Right];
  return (
    <>
      {box.kind !== "clients" && <Handle type="target" position={into} isConnectable={false} />}
      <Face box={box} />
      {box.kind !== "storage" && <Handle type="source" position={out} isConnectable={false} />}
    </>
  );
}

function Face({ box }: { box: Box }) {
  const words = useWords();
  switch (box.kind) {
    case "clients":
      return (
        <Card title={words.clients}>
          <Figure value={compact(box.connections)} label={words.connections} />
        </Card>
      );
    case "balancer":
      return <Card title={words.balancer} />;
    case "gateway":
      return <GatewayCard box={box} />;
    case "queue":
      return <QueueCard box={box} />;
    case "worker":
      return <WorkerCard box={box} />;
    case "storage":
      return <StorageCard box={box} />;
  }
}

function GatewayCard({ box }: { box: GatewayBox }) {
  const words = useWords();
  const { node, health } = box;
  return (
    <Card
      title={titleOf(box, words)}
      health={health}
      state={health === "stopped" ? words.stopped : words[node.state]}
    >
      {isUp(box) && <Figure value={compact(node.connections)} label={words.connections} />}
    </Card>
  );
}

function QueueCard({ box }: { box: QueueBox }) {
  const words = useWords();
  return (
    <Card title={words.queue} detail={box.uses}>
      <Figure value={compact(box.waiting)} label={words.waiting} />
      {box.oldestAgeMs !== null && <Figure value={duration(box.oldestAgeMs)} label={words.oldest} />}
      {box.paused.length > 0 && (
        <p className="box-note">
          {words.paused}: {box.paused.join(", ")}
        </p>
      )}
    </Card>
  );
}

function WorkerCard({ box }: { box: WorkerBox }) {
  const words = useWords();
  const busy = box.threads.filter(({ tasks }) => tasks.length > 0).length;
  const state =
    words[box.health === "draining" || box.health === "stopped" ? box.health : (box.node?.state ?? "ready")];
  return (
    <Card title={titleOf(box, words)} health={box.health} state={state}>
      <ul
        className={box.threads.length > MANY_THREADS ? "threads threads-small" : "threads"}
        aria-label={`${busy} / ${box.threads.length} ${words.threads}`}
      >
        {box.threads.map((thread, at) => (
          <li
            // oxlint-disable-next-line no-array-index-key -- threads of two pools may have one number
            key={at}
            className={`thread thread-${thread.state}`}
            title={`${words.threads} ${thread.thread}: ${thread.tasks[0]?.action ?? words[thread.state]}`}
          />
        ))}
      </ul>
    </Card>
  );
}

function StorageCard({ box }: { box: StorageBox }) {
  const words = useWords();
  return (
    <Card title={words.storage} detail={box.uses}>
      <Figure value={compact(box.tasks)} label={words.tasks.toLowerCase()} />
      <Figure value={bytes(box.bytes)} label={words.blobKinds[box.blobs] ?? box.blobs} />
    </Card>
  );
}

type CardProps = { title: string; detail?: string; health?: Health; state?: string; children?: ReactNode };

function Card({ title, detail, health = "well", state, children }: CardProps) {
  return (
    <div className={`box box-${health}`}>
      <h3>
        {state !== undefined && <span className="dot" aria-hidden="true" />}
        {title}
        {detail !== undefined && <small>{detail}</small>}
      </h3>
      {health !== "well" && state !== undefined && <p className="box-note">{state}</p>}
      {children}
    </div>
  );
}

function Figure({ value, label }: { value: string; label: string }) {
  return (
    <p className="figure">
      <strong>{value}</strong> <span>{label}</span>
    </p>
  );
}

export function titleOf(box: Box, words: Words): string {
  if (box.kind === "gateway") return `${words.gateway} ${box.node.node}`;
  if (box.kind === "worker") return `${words.worker} ${box.node?.node ?? box.id.split(" ")[1]}`;
  return words[box.kind];
}
