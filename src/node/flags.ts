/** Every flag of a node in one table: it parses them, prints their help and makes their page of the docs. */
import { availableParallelism } from "node:os";
import { readFileSync } from "node:fs";
import { LIMITS, type LimitName, type Limits } from "../gateway/limits.ts";
import { parseListen } from "../gateway/listen.ts";
import { formatDuration, parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { MAX_NODE_TAG } from "../task/id.ts";
import { DEFAULT_OPTIONS, type NodeOptions } from "./options.ts";
import { formatBytes, parseBytes } from "./bytes.ts";

type Draft = { -readonly [Name in keyof NodeOptions]?: NodeOptions[Name] } & {
  certFile?: string;
  keyFile?: string;
};

export type NodeFlag = {
  readonly name: string;
  readonly value: string;
  /** As it is shown to a person. */
  readonly default: string;
  readonly says: string;
  readonly apply: (draft: Draft, text: string) => void;
};

export const NODE_FLAGS: readonly NodeFlag[] = [
  {
    name: "listen",
    value: "ADDR",
    default: "127.0.0.1:9000",
    says: "where to listen; several with spaces between; ADDR,proxy wants a PROXY header on each connection",
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
    name: "actions",
    value: "FILE",
    default: "the built-in ones",
    says: "TypeScript or JavaScript module whose default export holds the actions",
    apply: (draft, text) => (draft.actions = text),
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
    default: formatBytes(DEFAULT_OPTIONS.memoryMb * 1024 * 1024),
    says: "heap that one thread may use; over it a task ends as out_of_memory",
    apply: (draft, text) =>
      (draft.memoryMb = Math.max(16, Math.round(parseBytes(text, "--memory") / 1024 / 1024))),
  },
  {
    name: "token",
    value: "TOKEN",
    default: "none",
    says: "what clients must show; needed off loopback; better in TANDA_TOKEN, where `ps` does not show it",
    apply: (draft, text) => (draft.token = text),
  },
  {
    name: "host",
    value: "NAMES",
    default: "localhost",
    says: "names by which browsers may reach this node, with commas between",
    apply: (draft, text) => (draft.hosts = list(text)),
  },
  {
    name: "origin",
    value: "ORIGINS",
    default: "its own",
    says: "web origins whose pages may use this node, with commas between",
    apply: (draft, text) => (draft.origins = list(text)),
  },
  {
    name: "tls-cert",
    value: "FILE",
    default: "none",
    says: "certificate (PEM); with it the same port takes TLS too",
    apply: (draft, text) => (draft.certFile = text),
  },
  {
    name: "tls-key",
    value: "FILE",
    default: "none",
    says: "key of the certificate (PEM)",
    apply: (draft, text) => (draft.keyFile = text),
  },
  {
    name: "node",
    value: "N",
    default: String(DEFAULT_OPTIONS.node),
    says: `this node's number, 0 to ${MAX_NODE_TAG}; a part of every task's id`,
    apply: (draft, text) => (draft.node = whole("node", text, 0, MAX_NODE_TAG)),
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
    apply: (draft, text) => (draft.retentionMs = parseDuration(text, "--retention")),
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
    apply: (draft, text) => (draft.drainMs = parseDuration(text, "--drain")),
  },
  ...Object.entries(LIMITS).map(([name, limit]): NodeFlag => {
    const show = { bytes: formatBytes, ms: formatDuration, count: String }[limit.unit];
    return {
      name: limit.flag,
      value: { bytes: "SIZE", ms: "TIME", count: "N" }[limit.unit],
      default: show(limit.default),
      says: limit.meaning,
      apply: (draft, text) => setLimit(draft, name as LimitName, text),
    };
  }),
];

/**
 * From texts to options. A flag not given is looked up in the environment, as TANDA_ and its name in capitals.
 * @throws bad_request saying which flag is wrong.
 */
export function readNodeFlags(
  text: (name: string) => string | undefined,
  env: NodeJS.ProcessEnv,
): Partial<NodeOptions> {
  const draft: Draft = { threads: availableParallelism(), listen: [parseListen("127.0.0.1:9000")] };
  for (const flag of NODE_FLAGS) {
    const given = text(flag.name) ?? env[envName(flag.name)];
    if (given !== undefined && given !== "") flag.apply(draft, given);
  }
  const { certFile, keyFile, ...options } = draft;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new TandaError("bad_request", "--tls-cert and --tls-key come together.");
  }
  if (certFile !== undefined && keyFile !== undefined) {
    options.tls = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  }
  return options;
}

export function envName(flag: string): string {
  return `TANDA_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function setLimit(draft: Draft, name: LimitName, text: string): void {
  const { unit, flag } = LIMITS[name];
  const read = {
    bytes: () => parseBytes(text, `--${flag}`),
    ms: () => parseDuration(text, `--${flag}`),
    count: () => whole(flag, text, 1, 1e9),
  };
  const limits: Partial<Limits> = { ...draft.limits, [name]: read[unit]() };
  draft.limits = limits;
}

function list(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TandaError(
    "bad_request",
    `--${flag} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`,
  );
}
