/** What a node can be told, complete. Checked once, at the start. */
import type { ActionTable } from "../actions/define.ts";
import type { PeerAddress } from "../cluster/peer-addresses.ts";
import type { EngineLog } from "../engine/parts.ts";
import type { Limits } from "../gateway/limits.ts";
import type { ListenAddress } from "../gateway/listen.ts";
import type { CertificateFiles, CertificatePair } from "./certificate.ts";

export const ROLES = ["gateway", "worker"] as const;
export type Role = (typeof ROLES)[number];

/** A password of these is looked at. */
export const SERVER_KINDS = ["postgres", "rabbitmq", "s3"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

/** In place of a data folder: nothing is kept. */
export const MEMORY = ":memory:";

export type NodeOptions = {
  /** Folder for tasks and blobs, or ":memory:" to keep nothing. */
  data: string;
  /** Address of a bucket for blobs, `s3://…`; credentials come from the environment. Null: they are files in the data folder. */
  blobs: string | null;
  /** How long a link to the bucket lives that answers who fetches a blob; null: the blob passes through this node. */
  blobsRedirectMs: number | null;
  /** Module with the actions: they run in threads of processes of their own. Or the actions themselves: they run right here, cannot be stopped by force, and are meant for tests. Null: only the built-in ones. */
  actions: string | URL | ActionTable | null;
  /** Threads for actions. */
  threads: number;
  /** Megabytes of heap for each thread. */
  memoryMb: number;
  /** Addresses to listen on ("127.0.0.1:9000", port 0 = any free one); empty = none, only the in-process client. */
  listen: readonly (string | ListenAddress)[];
  /** May do all. Others are in the store. */
  token: string | null;
  /** Also on loopback nobody may do anything without one. */
  requireToken: boolean;
  /** Live ones in the store. */
  maxTokens: number;
  /** How long the audit log is kept. */
  auditRetentionMs: number;
  hosts: readonly string[];
  origins: readonly string[];
  limits: Partial<Limits>;
  /** In PEM. With the files it is from, it is taken anew when they change. */
  tls: (CertificatePair & { files?: CertificateFiles }) | null;
  /** What it does: lets clients in, runs tasks. Each alone needs a store that others share. */
  roles: readonly Role[];
  /** Where tasks are kept when several nodes share them, `postgres://…`. Null: in the data folder, for this node alone. */
  store: string | null;
  /** What hands tasks to the workers that share the store, `amqp://…` or `postgres://…`. Null: the store does. */
  queue: string | null;
  /** Servers on other machines that may have a password which everybody knows, or none. */
  allowDefaultPasswords: readonly ServerKind[];
  /** How long a worker that says nothing keeps a task it runs, where nodes share a store. */
  leaseMs: number;
  /** This node's number, 0 … 1023; a part of every id it makes. Where nodes share a store 0 is one that nobody has. */
  node: number;
  /** What the nodes of a cluster know, and nobody else. Null: allowed only where all of it is on this machine. */
  clusterSecret: string | null;
  /** The other nodes of its cluster; then its own number is 1 … 1023. Empty: it is alone. */
  peers: readonly PeerAddress[];
  /** Tasks that may wait in all queues; more are `busy`. */
  maxQueued: number;
  retentionMs: number;
  maxFinished: number;
  /** Free bytes on the disk under which new work is `busy`. */
  diskReserveBytes: number;
  /** How long a stop waits for what runs. */
  drainMs: number;
  log: EngineLog;
};

/** Addresses read, and all of it looked through. */
export type CheckedOptions = Omit<NodeOptions, "listen"> & { readonly listen: readonly ListenAddress[] };

const silent: EngineLog = { debug() {}, info() {}, warn() {}, error() {} };

export const DEFAULT_OPTIONS: Omit<NodeOptions, "threads"> = {
  data: "data",
  blobs: null,
  blobsRedirectMs: null,
  actions: null,
  memoryMb: 512,
  listen: [],
  token: null,
  requireToken: false,
  maxTokens: 1000,
  auditRetentionMs: 90 * 86_400_000,
  hosts: [],
  origins: [],
  limits: {},
  tls: null,
  roles: ROLES,
  store: null,
  queue: null,
  allowDefaultPasswords: [],
  leaseMs: 30_000,
  node: 0,
  clusterSecret: null,
  peers: [],
  maxQueued: 10_000_000,
  retentionMs: 7 * 86_400_000,
  maxFinished: 10_000_000,
  diskReserveBytes: 256 * 1024 * 1024,
  drainMs: 30_000,
  log: silent,
};
