/** Flags of nodes that work together by sharing a store, and what goes with what. */
import { parsePostgresUrl, placesOf } from "../postgres/address.ts";
import { RabbitMQAddress } from "../rabbitmq/address.ts";
import { formatDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { duration, list, wrong } from "./flag-values.ts";
import type { NodeFlag } from "./node-flag.ts";
import { DEFAULT_OPTIONS, ROLES, SERVER_KINDS } from "./options.ts";
import type { NodeOptions, Role, ServerKind } from "./options.ts";

const LEAST_LEASE_MS = 1000;
const LONGEST_LEASE_MS = 3_600_000;

export const SHARING_FLAGS: readonly NodeFlag[] = [
  {
    name: "roles",
    value: "ROLES",
    default: ROLES.join(),
    says: "what this node does: gateway lets clients in, worker runs tasks; one of them alone needs --store and --blobs",
    apply: (draft, text) => {
      const roles = list(text, "roles", (one) => ROLES.includes(one as Role)) as Role[];
      if (roles.length === 0) throw wrong("--roles names gateway, worker or both");
      draft.roles = ROLES.filter((role) => roles.includes(role));
    },
  },
  {
    name: "store",
    value: "URL",
    default: "in the data folder",
    says: "store that several nodes share, postgres://USER@HOST:PORT,HOST:PORT/DATABASE; its password comes from PGPASSWORD, ?passwordFile=FILE or TANDA_STORE",
    isAddress: true,
    apply: (draft, text) => {
      if (!isPostgres(text)) throw wrong("--store is postgres://USER@HOST/DATABASE");
      parsePostgresUrl(text, process.env);
      draft.store = text;
    },
  },
  {
    name: "queue",
    value: "URL",
    default: "the store",
    says: "what hands tasks to the workers that share the store, amqp://USER@HOST:PORT,HOST:PORT/VHOST or postgres://…; RabbitMQ's password comes from TANDA_QUEUE_PASSWORD, TANDA_QUEUE_PASSWORD_FILE or TANDA_QUEUE",
    isAddress: true,
    apply: (draft, text) => {
      if (isPostgres(text)) parsePostgresUrl(text, process.env);
      else if (/^amqps?:/.test(text)) void new RabbitMQAddress(text);
      else throw wrong("--queue is amqp://USER@HOST/VHOST or postgres://USER@HOST/DATABASE");
      draft.queue = text;
    },
  },
  {
    name: "allow-default-passwords",
    value: "SERVERS",
    default: "none",
    says: `${SERVER_KINDS.join(", ")}: those that may be on other machines with no password, or one that everybody knows`,
    apply: (draft, text) =>
      (draft.allowDefaultPasswords = list(text, "allow-default-passwords", (one) =>
        SERVER_KINDS.includes(one as ServerKind),
      ) as ServerKind[]),
  },
  {
    name: "lease",
    value: "TIME",
    default: formatDuration(DEFAULT_OPTIONS.leaseMs),
    says: "with --store: a worker that has said nothing for so long has lost what it runs, and others take it",
    apply: (draft, text) => {
      const leaseMs = duration("lease", text);
      if (leaseMs < LEAST_LEASE_MS || leaseMs > LONGEST_LEASE_MS)
        throw wrong(`--lease is from 1s to 1h, not ${text}`);
      draft.leaseMs = leaseMs;
    },
  },
];

/** Where the store is, without secrets: for logs. */
export function placeOf(store: string): string {
  return placesOf(parsePostgresUrl(store, process.env));
}

/** @throws bad_request where flags do not go together. */
export function checkSharing(options: Partial<NodeOptions>): void {
  const { store = null, queue = null, blobs = null, roles = ROLES, peers = [] } = options;
  if (store === null) {
    if (queue !== null)
      throw refused("--queue needs --store", "Who shares a queue shares the tasks: --store postgres://…");
    if (roles.length < ROLES.length)
      throw refused(
        `--roles ${roles.join()} needs --store and --blobs`,
        "A gateway and its workers share a store: --store postgres://… --blobs s3://…",
      );
    if (blobs !== null && !blobs.startsWith("s3:"))
      throw refused(
        "--blobs is s3://BUCKET/PREFIX, or with --store a folder",
        "Without --store blobs are in the data folder: --data DIR",
      );
    return;
  }
  if (peers.length > 0)
    throw refused(
      "--peers and --store do not go together",
      "Peers have a store each; with --store all share one.",
    );
  if (blobs === null && roles.length < ROLES.length)
    throw refused(
      `--roles ${roles.join()} needs --blobs`,
      "Large values have to be found by every node: --blobs s3://…, or a folder that all of them share.",
    );
}

/** @throws bad_request */
export function refusePassword(flag: string, url: string): void {
  if (!/^[a-z]+:\/\/[^/@]*:[^/@]+@/i.test(url)) return;
  throw refused(
    `--${flag} has a password in it, which all who see the processes would see`,
    `Put the whole address in TANDA_${flag.toUpperCase()}, or leave the password out and give it as \`tanda serve --help\` says.`,
  );
}

export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

function refused(message: string, hint: string): TandaError {
  return new TandaError("bad_request", message, { hint });
}
