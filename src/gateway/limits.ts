/**
 * Every bound of a gateway: one table for flags, docs and code. docs/protocol.md shows it and a test holds the two together.
 */
type Limit = {
  readonly default: number;
  readonly flag: string;
  readonly unit: "bytes" | "ms" | "count";
  readonly meaning: string;
};

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  lineBytes: {
    default: MIB,
    flag: "max-line",
    unit: "bytes",
    meaning:
      "Longest line, WebSocket message or HTTP body. Longer: `too_large`; a result that does not fit is told as a link.",
  },
  discardBytes: {
    default: 64 * MIB,
    flag: "max-discard",
    unit: "bytes",
    meaning: "How much of an over-long line is read and thrown away to find its end. More: closed.",
  },
  depth: {
    default: 64,
    flag: "max-depth",
    unit: "count",
    meaning: "Deepest nesting of a line or body, its own braces included. Deeper: `too_large`.",
  },
  keys: {
    default: 10_000,
    flag: "max-keys",
    unit: "count",
    meaning: "Most object keys in a line or body. More: `too_large`.",
  },
  connectionTasks: {
    default: 1000,
    flag: "max-connection-tasks",
    unit: "count",
    meaning: "Requests a connection may have unanswered. At it: stalled.",
  },
  connectionBytes: {
    default: 8 * MIB,
    flag: "max-connection-bytes",
    unit: "bytes",
    meaning: "Bytes of unanswered requests of a connection. At it: stalled.",
  },
  nodeBytes: {
    default: 256 * MIB,
    flag: "max-node-bytes",
    unit: "bytes",
    meaning:
      "Bytes of unanswered requests of all connections. At it: stalled; HTTP answers `busy`. As much again may lie in requests that are not complete; a long one more: `busy`, on WebSocket closed. And as much in answers that are not read; over it, who leaves most is closed.",
  },
  stalledOps: {
    default: 100,
    flag: "max-stalled-ops",
    unit: "count",
    meaning: "Requests that may wait on a stalled connection before it is not read any more.",
  },
  refusals: {
    default: 10_000,
    flag: "max-refusals",
    unit: "count",
    meaning:
      "How often a second all connections together are told `busy`, and once more for every four tasks answered. Over it: who was told so fifty times is not read until it is its turn, 5 s at most.",
  },
  unreadBytes: {
    default: 4 * MIB,
    flag: "max-unread",
    unit: "bytes",
    meaning: "Answers a client may leave unread. Over it: stalled, and closed after the next limit.",
  },
  unreadMs: {
    default: 30_000,
    flag: "max-unread-time",
    unit: "ms",
    meaning:
      "How long more than that may stay unread, or more than 64 KiB of who asks for further lists. Longer: closed.",
  },
  connections: {
    default: 10_000,
    flag: "max-connections",
    unit: "count",
    meaning: "Connections of a node. One more is closed at once.",
  },
  addressConnections: {
    default: 4000,
    flag: "max-address-connections",
    unit: "count",
    meaning: "Connections from one address. One more is closed at once.",
  },
  idleMs: {
    default: 3_600_000,
    flag: "max-idle",
    unit: "ms",
    meaning:
      "How long a connection may be silent while nothing of it is in flight. Longer: closed. A watch counts as in flight until its client sends no more.",
  },
  lineMs: {
    default: 10_000,
    flag: "max-line-time",
    unit: "ms",
    meaning: "How long a started line, WebSocket message, handshake or HTTP head may take. Longer: closed.",
  },
  bodyMs: {
    default: 30_000,
    flag: "max-body-time",
    unit: "ms",
    meaning: "How long an HTTP body may take, or a blob's upload stand still. Longer: 408.",
  },
  waitMs: {
    default: 300_000,
    flag: "max-wait",
    unit: "ms",
    meaning: "Longest `Prefer: wait` of HTTP; a longer one is cut to it.",
  },
  watches: {
    default: 100,
    flag: "max-watches",
    unit: "count",
    meaning: "Watches of a connection at once. One more: `busy`.",
  },
  bulkTasks: {
    default: 1000,
    flag: "max-bulk-tasks",
    unit: "count",
    meaning: "Tasks in one HTTP bulk request. More: `too_large`.",
  },
  bulkBytes: {
    default: 8 * MIB,
    flag: "max-bulk",
    unit: "bytes",
    meaning: "Body of one HTTP bulk request. More: `too_large`.",
  },
  noticeMs: {
    default: 2000,
    flag: "drain-notice",
    unit: "ms",
    meaning:
      "How long a node that is told to stop still serves all while it says `DRAINING` to `PING` and 503 to `/readyz`, when somebody asks these again and again, as a balancer does. When nobody does: not at all.",
  },
  blobBytes: {
    default: 4096 * MIB,
    flag: "max-blob",
    unit: "bytes",
    meaning: "Largest blob that may be put. Larger: `too_large`.",
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
export type Limits = { readonly [name in LimitName]: number };

export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])),
) as Limits;

/** @throws RangeError when a limit is not a whole number of at least 1: no limit is not a limit. */
export function withLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a whole number of at least 1, not ${value}`);
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}
