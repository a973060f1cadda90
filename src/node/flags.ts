/** Every flag of a node in one table: it parses them, prints their help and makes their page of the docs. */
import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { ACCESS_FLAGS } from "./access-flags.ts";
import { parseS3Address } from "../blobs/s3-address.ts";
import { parsePeers } from "../cluster/peer-addresses.ts";
import { LIMITS, type LimitName, type Limits } from "../gateway/limits.ts";
import { parseListen } from "../gateway/listen.ts";
import { formatDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { MAX_NODE_TAG } from "../task/id.ts";
import { DEFAULT_OPTIONS, type NodeOptions } from "./options.ts";
import { formatBytes, parseBytes } from "./bytes.ts";
import { readCertificate, readKey, readPair } from "./certificate.ts";
import type { Draft, NodeFlag } from "./node-flag.ts";
import { checkSharing, refusePassword, SHARING_FLAGS } from "./sharing-flags.ts";
import { duration, isHostName, isOrigin, list, whole, wrong } from "./flag-values.ts";

/** Less, and a thread would die of itself. */
const LEAST_MEMORY_MB = 16;
const MIB = 1024 * 1024;
/** A signed link lives no longer. */
const MAX_LINK_MS = 7 * 86_400_000;

export const NODE_FLAGS: readonly NodeFlag[] = [
  {
    name: "listen",
    value: "ADDR",
    default: "127.0.0.1:9000",
    says: "where to listen; several with spaces between; ADDR,proxy wants a PROXY header on each connection, ADDR,tls takes TLS alone, ADDR,plain takes plain text beside it",
    apply: (draft, text) => (draft.listen = text.trim().split(/\s+/).map(parseListen)),
  },
  {
    name: "data",
    value: "DIR",
    default: "data",
    says: "folder for tasks and blobs; :memory: keeps nothing",
    apply: (draft, text) => (draft.data = text),
  },
  {
    name: "blobs",
    value: "URL",
    default: "in the data folder",
    says: "bucket for large values, s3://BUCKET/PREFIX?endpoint=URL, its keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or a folder that all nodes share",
    apply: (draft, text) => {
      // A folder has a slash in it, lest a bucket's name be taken for one.
      if (!text.includes("/") || /^[a-z0-9]+:/i.test(text)) parseS3Address(text);
      draft.blobs = text;
    },
  },
  ...SHARING_FLAGS,
  {
    name: "blobs-redirect",
    value: "TIME",
    default: "never",
    says: "who fetches a blob is sent to the bucket by a link that lives so long, instead of through this node",
    apply: (draft, text) => {
      const lifeMs = duration("blobs-redirect", text);
      if (lifeMs < 1000 || lifeMs > MAX_LINK_MS)
        throw wrong(`--blobs-redirect is from 1s to 7d, not ${text}`);
      draft.blobsRedirectMs = lifeMs;
    },
  },
  {
    name: "actions",
    value: "FILE",
    default: "the built-in ones",
    says: "TypeScript or JavaScript module whose default export holds the actions",
    apply: (draft, text) => {
      const found = statSync(text, { throwIfNoEntry: false });
      if (found === undefined) throw wrong(`--actions: there is no such file: ${resolve(text)}`);
      if (!found.isFile()) throw wrong(`--actions is not a file: ${text}`);
      draft.actions = text;
    },
  },
  {
    name: "threads",
    value: "N",
    default: "one a processor",
    says: "threads for actions",
    apply: (draft, text) => (draft.threads = whole("threads", text, 1, 1024)),
  },
  {
    name: "memory",
    value: "SIZE",
    default: formatBytes(DEFAULT_OPTIONS.memoryMb * MIB),
    says: "heap that one thread may use; over it a task ends as out_of_memory",
    apply: (draft, text) => {
      const memoryMb = Math.round(parseBytes(text, "--memory") / MIB);
      if (memoryMb < LEAST_MEMORY_MB) throw wrong(`--memory is at least ${LEAST_MEMORY_MB}MiB, not ${text}`);
      draft.memoryMb = memoryMb;
    },
  },
  {
    name: "token",
    value: "TOKEN",
    default: "none",
    says: "what clients must show; which may do all; off loopback a token is needed, this one or those of `tanda token`; better in TANDA_TOKEN, where `ps` does not show it",
    apply: (draft, text) => {
      // It has to pass through a header and a line.
      if (!/^[\x21-\x7e]+$/.test(text)) throw wrong("--token has spaces or other than ASCII letters in it");
      draft.token = text;
    },
  },
  ...ACCESS_FLAGS,
  {
    name: "host",
    value: "NAMES",
    default: "localhost",
    says: "names by which browsers may reach this node, with commas between",
    apply: (draft, text) => (draft.hosts = list(text, "host", isHostName)),
  },
  {
    name: "origin",
    value: "ORIGINS",
    default: "its own",
    says: "web origins whose pages may use this node, with commas between",
    apply: (draft, text) => (draft.origins = list(text, "origin", isOrigin)),
  },
  {
    name: "tls-cert",
    value: "FILE",
    default: "none",
    says: "certificate (PEM), taken anew when the file changes; with it the same port takes TLS, and from other machines nothing else",
    apply: (draft, text) => {
      readCertificate(text);
      draft.certFile = text;
    },
  },
  {
    name: "tls-key",
    value: "FILE",
    default: "none",
    says: "key of the certificate (PEM)",
    apply: (draft, text) => {
      readKey(text);
      draft.keyFile = text;
    },
  },
  {
    name: "node",
    value: "N",
    default: String(DEFAULT_OPTIONS.node),
    says: `this node's number, 0 to ${MAX_NODE_TAG}; a part of every task's id`,
    apply: (draft, text) => (draft.node = whole("node", text, 0, MAX_NODE_TAG)),
  },
  {
    name: "peers",
    value: "NODES",
    default: "none",
    says: "the other nodes of a cluster, 1=HOST:PORT,3=HOST:PORT; all have the same token and secret, and different numbers",
    apply: (draft, text) => (draft.peers = parsePeers(text)),
  },
  {
    name: "cluster-secret",
    value: "SECRET",
    default: "none",
    says: "what the nodes of a cluster know and no client does; better in a file",
    isVariable: true,
    apply: (draft, text) => (draft.clusterSecret = text),
  },
  {
    name: "cluster-secret-file",
    value: "FILE",
    default: "none",
    says: "file with the secret by which the nodes of a cluster know each other, 16 characters or more; needed where peers are on other machines",
    apply: (draft, text) => {
      draft.clusterSecretFile = readFileSync(text, "utf8").trim();
      if (draft.clusterSecretFile === "") throw wrong(`--cluster-secret-file: ${text} is empty`);
    },
  },
  {
    name: "max-queued",
    value: "N",
    default: String(DEFAULT_OPTIONS.maxQueued),
    says: "tasks that may wait; more are answered busy",
    apply: (draft, text) => (draft.maxQueued = whole("max-queued", text, 1, 1e9)),
  },
  {
    name: "retention",
    value: "TIME",
    default: formatDuration(DEFAULT_OPTIONS.retentionMs),
    says: "how long finished tasks are kept",
    apply: (draft, text) => (draft.retentionMs = duration("retention", text)),
  },
  {
    name: "max-finished",
    value: "N",
    default: String(DEFAULT_OPTIONS.maxFinished),
    says: "finished tasks that are kept at most",
    apply: (draft, text) => (draft.maxFinished = whole("max-finished", text, 1, 1e9)),
  },
  {
    name: "disk-reserve",
    value: "SIZE",
    default: formatBytes(DEFAULT_OPTIONS.diskReserveBytes),
    says: "free disk under which new work is answered busy",
    apply: (draft, text) => (draft.diskReserveBytes = parseBytes(text, "--disk-reserve")),
  },
  {
    name: "drain",
    value: "TIME",
    default: formatDuration(DEFAULT_OPTIONS.drainMs),
    says: "how long a stop waits for running tasks; what is left goes back to the queue",
    apply: (draft, text) => (draft.drainMs = duration("drain", text)),
  },
  ...Object.entries(LIMITS).map(([name, limit]): NodeFlag => {
    const show = { bytes: formatBytes, ms: formatDuration, count: String }[limit.unit];
    return {
      name: limit.flag,
      value: { bytes: "SIZE", ms: "TIME", count: "N" }[limit.unit],
      default: show(limit.default),
      says: limit.meaning,
      isLimit: true,
      apply: (draft, text) => setLimit(draft, name as LimitName, text),
    };
  }),
];

/**
 * From texts to options. A flag not given is looked up in the environment, as TANDA_ and its name in capitals; there an empty
 * text is none.
 * @throws bad_request saying which flag is wrong.
 */
export function readNodeFlags(
  text: (name: string) => string | undefined,
  env: NodeJS.ProcessEnv,
): Partial<NodeOptions> {
  const draft: Draft = { threads: availableParallelism(), listen: [parseListen("127.0.0.1:9000")] };
  for (const flag of NODE_FLAGS) {
    const typed = text(flag.name);
    const given = typed ?? env[envName(flag.name)] ?? "";
    if (typed === undefined && given === "") continue;
    try {
      if (given.trim() === "") throw wrong(`--${flag.name} is empty`);
      if (typed !== undefined && flag.isAddress) refusePassword(flag.name, typed);
      flag.apply(draft, given);
    } catch (error) {
      throw refused(flag, typed === undefined, error);
    }
  }
  const { certFile, keyFile, clusterSecretFile, ...options } = draft;
  if (clusterSecretFile !== undefined) {
    if (options.clusterSecret !== undefined)
      throw wrong("both TANDA_CLUSTER_SECRET and --cluster-secret-file are given: which one?");
    options.clusterSecret = clusterSecretFile;
  }
  checkSharing(options);
  // A worker alone lets nobody in unless it is told to.
  if (!isListenGiven(text, env) && options.roles?.includes("gateway") === false) options.listen = [];
  if (options.blobsRedirectMs != null && options.blobs == null)
    throw wrong("--blobs-redirect needs --blobs s3://…: a folder has no links");
  if (certFile === undefined && keyFile === undefined) return options;
  if (certFile === undefined || keyFile === undefined) throw wrong("--tls-cert and --tls-key come together");
  const files = { cert: certFile, key: keyFile };
  return { ...options, tls: { ...readPair(files), files } };
}

function isListenGiven(text: (name: string) => string | undefined, env: NodeJS.ProcessEnv): boolean {
  return (text("listen") ?? env[envName("listen")] ?? "") !== "";
}

export type { NodeFlag } from "./node-flag.ts";

export function envName(flag: string): string {
  return `TANDA_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** Names the flag, where its text came from, and what is to be written. */
function refused({ name, value, says }: NodeFlag, isFromEnv: boolean, error: unknown): TandaError {
  const told = error instanceof Error ? error.message : String(error);
  const message = told.includes(`--${name}`) ? told : `--${name}: ${told}`;
  const hint = (error instanceof TandaError ? error.hint : undefined) ?? `--${name} ${value}: ${says}.`;
  return new TandaError("bad_request", isFromEnv ? `${message} (from ${envName(name)})` : message, {
    hint,
    cause: error,
  });
}

function setLimit(draft: Draft, name: LimitName, text: string): void {
  const { unit, flag } = LIMITS[name];
  const read = {
    bytes: () => parseBytes(text, `--${flag}`),
    ms: () => duration(flag, text),
    count: () => whole(flag, text, 1, 1e9),
  };
  const value = read[unit]();
  if (!Number.isSafeInteger(value) || value < 1) throw wrong(`--${flag} cannot be ${text}`);
  const limits: Partial<Limits> = { ...draft.limits, [name]: value };
  draft.limits = limits;
}
