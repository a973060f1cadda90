/** Who is measured, by what, and what each of them does for a task: beside every figure stands what it was paid for. */
import type { Workload } from "../workloads.ts";
import type { ServiceName } from "./services.ts";

/** Of a task's result, unless it says another thing. In a few words: they are columns. */
export type Does = {
  /** Does it come back to the client? */
  readonly back: string;
  /** Can it be read later? */
  readonly kept: string;
  /** Is it on the disk, and when? */
  readonly flushed: string;
};

export type System = {
  readonly id: string;
  readonly title: string;
  /** "all": back, kept, and flushed before it is told; "some" of it; "nothing" is kept; a "yardstick" is no system of tasks. */
  readonly promise: "tanda" | "all" | "some" | "nothing" | "yardstick";
  readonly does: Does;
  /** How many tasks of each workload. */
  readonly counts: Readonly<Partial<Record<Workload, number>>>;
  /** What it does otherwise in one of them. */
  readonly but?: Readonly<Partial<Record<Workload, Partial<Does>>>>;
  readonly lacks?: Readonly<Partial<Record<Workload, string>>>;
  readonly by: "tanda" | "echo" | Peer;
  readonly connections?: number;
};

/** A file of bench/peers. */
export type Peer = {
  readonly file: string;
  /** Of npm; null where Node alone is enough. */
  readonly npm: string | null;
  readonly service?: ServiceName;
};

const SURE: Does = { back: "yes", kept: "yes", flushed: "before it is told" };
const NOTHING: Does = { back: "yes", kept: "no", flushed: "no" };
const YARDSTICK = "a yardstick, no system of tasks";
const FIB = 1024;
/** Of the peers a quarter: it is a share of a time, and minutes are dear. */
const PEER_FIB = 256;

export const systems: readonly System[] = [
  {
    id: "tanda 1-connection",
    title: "Tanda, 1 connection",
    promise: "tanda",
    does: SURE,
    counts: { W1: 200_000, W4: 200_000 },
    by: "tanda",
  },
  {
    id: "tanda 4-connections",
    title: "Tanda, 4 connections",
    promise: "tanda",
    does: SURE,
    counts: { W1: 200_000, W4: 200_000 },
    by: "tanda",
    connections: 4,
  },
  {
    id: "tanda",
    title: "Tanda",
    promise: "tanda",
    does: SURE,
    counts: { W2: 2000, W3: FIB },
    by: "tanda",
  },
  {
    id: "bullmq always",
    title: "BullMQ, Redis fsync always",
    promise: "all",
    does: SURE,
    counts: { W1: 20_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    by: { file: "bullmq", npm: "bullmq", service: "redis-always" },
  },
  {
    id: "bullmq everysec",
    title: "BullMQ, Redis fsync everysec",
    promise: "some",
    does: { back: "yes", kept: "yes", flushed: "once a second" },
    counts: { W1: 20_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    by: { file: "bullmq", npm: "bullmq", service: "redis-everysec" },
  },
  {
    id: "pg-boss",
    title: "pg-boss",
    promise: "all",
    does: { back: "by asking", kept: "yes", flushed: "before it is told" },
    counts: { W1: 20_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    by: { file: "pg-boss", npm: "pg-boss", service: "postgres" },
  },
  {
    id: "graphile-worker",
    title: "graphile-worker",
    promise: "some",
    does: { back: "no", kept: "no", flushed: "that it ended" },
    counts: { W1: 20_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    but: { W2: { back: "by SQL of ours", kept: "by SQL of ours", flushed: "before it is told" } },
    by: { file: "graphile-worker", npm: "graphile-worker", service: "postgres" },
  },
  {
    id: "rabbitmq-rpc",
    title: "RabbitMQ RPC, amqplib",
    promise: "some",
    does: { back: "yes", kept: "no", flushed: "the request only" },
    counts: { W1: 20_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    but: { W4: { back: "no, acks only" } },
    by: { file: "rabbitmq-rpc", npm: "amqplib", service: "rabbitmq" },
  },
  {
    id: "piscina defaults",
    title: "Piscina, 2 threads, its defaults",
    promise: "nothing",
    does: NOTHING,
    counts: { W1: 100_000, W2: 2000 },
    lacks: { W3: "as tuned: one task a thread", W4: "as tuned: memory is full of promises" },
    by: { file: "piscina-defaults", npm: "piscina" },
  },
  {
    id: "piscina tuned",
    title: "Piscina, 2 threads, tuned",
    promise: "nothing",
    does: NOTHING,
    counts: { W1: 100_000, W2: 2000, W3: PEER_FIB, W4: 200_000 },
    by: { file: "piscina", npm: "piscina" },
  },
  {
    id: "echo",
    title: "bare TCP echo of JSON lines",
    promise: "yardstick",
    does: NOTHING,
    counts: { W1: 500_000, W2: 2000 },
    lacks: { W3: YARDSTICK, W4: YARDSTICK },
    by: "echo",
  },
  {
    id: "commit",
    title: "SQLite: one row, one commit",
    promise: "yardstick",
    does: { back: "–", kept: "yes", flushed: "every row" },
    counts: { W2: 2000 },
    by: { file: "commit", npm: null, service: "folder" },
  },
  {
    id: "fdatasync",
    title: "the disk: 4 KiB and fdatasync",
    promise: "yardstick",
    does: { back: "–", kept: "yes", flushed: "every write" },
    counts: { W2: 2000 },
    by: { file: "fdatasync", npm: null, service: "folder" },
  },
];

/** @returns what it does in that workload. */
export function doesIn({ does, but }: System, workload: Workload): Does {
  return { ...does, ...but?.[workload] };
}
