/**
 * Which room may import which. ARCHITECTURE.md shows the same table, and a test holds the two together.
 * A room always may import itself. A file named here is the only one of its room that is meant.
 */
import type { Source } from "./sources.ts";

export const mayImport = {
  task: [],
  protocol: ["task"],
  contracts: ["task", "protocol", "engine/metrics.ts"],
  actions: ["task", "protocol"],
  engine: [
    "task",
    "protocol",
    "actions",
    "contracts",
    "worker/worker-face.ts",
    "worker/worker-options.ts",
    "worker/hands.ts",
  ],
  gateway: ["task", "protocol", "engine/engine.ts", "engine/metrics.ts", "blobs/blobs.ts"],
  queue: ["task", "store/store.ts", "rabbitmq", "postgres"],
  bus: ["task", "rabbitmq", "postgres"],
  rabbitmq: ["task"],
  postgres: ["task"],
  store: ["task", "postgres"],
  blobs: ["task"],
  worker: ["task", "protocol", "actions", "contracts"],
  client: ["task", "protocol", "actions"],
  node: [
    "task",
    "protocol",
    "actions",
    "contracts",
    "engine",
    "gateway",
    "queue",
    "bus",
    "rabbitmq",
    "postgres",
    "store",
    "blobs",
    "worker",
    "client",
    "cluster",
    "fleet",
  ],
  cluster: ["task", "protocol", "contracts", "engine/metrics.ts", "client"],
  fleet: ["task", "protocol", "contracts", "engine", "worker/worker-face.ts"],
  balancer: ["task", "gateway/listen.ts"],
  up: ["task", "balancer", "gateway/listen.ts", "blobs/s3-make-bucket.ts"],
  diagram: ["task", "protocol", "balancer/options.ts", "gateway/listen.ts", "up/topology.ts"],
  dev: ["task", "protocol", "actions", "contracts"],
  cli: ["task", "protocol", "client"],
  "cli/verbs/balancer.ts": ["task", "protocol", "client", "balancer"],
  "cli/verbs/dev.ts": ["task", "protocol", "client", "node", "dev"],
  "cli/verbs/diagram.ts": ["task", "protocol", "client", "diagram", "up/topology.ts"],
  "cli/verbs/migrate.ts": ["task", "protocol", "client", "node"],
  "cli/verbs/serve.ts": ["task", "protocol", "client", "node"],
  "cli/verbs/token.ts": ["task", "protocol", "client", "node"],
  "cli/verbs/up.ts": ["task", "protocol", "client", "up"],
  "index.ts": ["task", "protocol", "actions", "client", "node"],
} as const satisfies Record<string, readonly string[]>;

export const CONTRACTS: readonly string[] = [
  "engine/engine.ts",
  "store/store.ts",
  "store/shared-store.ts",
  "store/access-store.ts",
  "queue/queue.ts",
  "queue/remote-queue.ts",
  "bus/bus.ts",
  "blobs/blobs.ts",
  "worker/pool.ts",
];

/** One technology, one driver: its file is `<technology>.ts`, with `<technology>-*.ts` or `<technology>/` beside it. */
export const DRIVERS = {
  queue: ["embedded", "rabbitmq", "postgres"],
  bus: ["local", "rabbitmq", "postgres"],
  store: ["sqlite", "postgres"],
  blobs: ["files", "s3"],
} as const satisfies Record<string, readonly string[]>;

/** Packages and builtins that have one home. A package that is in no list has no home yet: say here where it lives. */
export const homes: ReadonlyMap<string, readonly string[]> = new Map([
  ["@aws-sdk/client-s3", ["blobs/s3"]],
  ["@aws-sdk/lib-storage", ["blobs/s3"]],
  ["@aws-sdk/s3-request-presigner", ["blobs/s3"]],
  ["node:sqlite", ["store/sqlite", "store/lock.ts"]],
  ["pg", ["postgres/"]],
  ["fastify", ["gateway/"]],
  ["@fastify/swagger", ["gateway/"]],
  ["ws", ["gateway/"]],
  ["amqplib", ["rabbitmq/"]],
  ["prom-client", ["gateway/", "engine/", "node/"]],
  ["pino", ["node/"]],
  ["@clack/core", ["cli/"]],
  ["@clack/prompts", ["cli/"]],
  ["cli-progress", ["cli/"]],
]);
/** No `node:` here: it runs in a browser too. */
const WITHOUT_NODE = ["task", "protocol"];

const WORDS_THAT_SAY_NOTHING =
  /(^|-)(utils?|helpers?|managers?)(-|$)|^(common|types|index|base|misc|shared)$/;
export const MAX_LINES = 300;

export function roomOf(path: string): string {
  if (CONTRACTS.includes(path)) return "contracts";
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
}

/** @returns one sentence for each offence, with the rule it breaks; empty when all is well. */
export function findOffences(sources: readonly Source[]): string[] {
  return [
    ...sources.flatMap((source) => [...offencesOfName(source), ...offencesOfImports(source)]),
    ...findCycles(sources).map(
      (cycle) => `cycle: ${cycle.join(" → ")}: no file may import itself by way of others`,
    ),
  ];
}

function offencesOfName({ path, lines }: Source): string[] {
  const offences: string[] = [];
  const name = path.slice(path.lastIndexOf("/") + 1, -".ts".length);
  if (path !== "index.ts" && WORDS_THAT_SAY_NOTHING.test(name)) {
    offences.push(`src/${path}: "${name}" says nothing; name the file after its one duty`);
  }
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) offences.push(`src/${path}: file names are kebab-case`);
  if (lines > MAX_LINES) {
    offences.push(`src/${path}: ${lines} lines; over ${MAX_LINES} a file has more than one duty`);
  }
  return offences;
}

function offencesOfImports({ path, imports }: Source): string[] {
  const room = roomOf(path);
  const allowed = (mayImport as Record<string, readonly string[]>)[path] ?? tableRow(room);
  if (allowed === null) return [`src/${path}: the room "${room}" is not in the table mayImport`];
  const offences: string[] = [];
  for (const { target, isPackage } of imports) {
    if (isPackage) {
      const offence = offenceOfPackage(path, room, target);
      if (offence !== null) offences.push(offence);
      continue;
    }
    const isAllowed =
      allowed.includes(target) || allowed.includes(roomOf(target)) || isOwnRoom(path, target, room);
    if (!isAllowed) {
      offences.push(
        `src/${path} imports ${target}: ${room} may import ${allowed.join(", ") || "nothing of ours"}`,
      );
      continue;
    }
    const mine = driverOf(path);
    const other = driverOf(target);
    if (mine !== null && other !== null && mine !== other) {
      offences.push(`src/${path} imports ${target}: a driver never imports another driver`);
    }
  }
  return offences;
}

/** A contract belongs to the folder it lies in: that folder's drivers are written against it. */
function isOwnRoom(path: string, target: string, room: string): boolean {
  if (room === "contracts") return roomOf(target) === "contracts";
  return folderOf(path) !== "" && folderOf(path) === folderOf(target);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function tableRow(room: string): readonly string[] | null {
  return Object.hasOwn(mayImport, room) ? mayImport[room as keyof typeof mayImport] : null;
}

function offenceOfPackage(path: string, room: string, name: string): string | null {
  const home = homes.get(name);
  if (home !== undefined) {
    return home.some((place) => path.startsWith(place))
      ? null
      : `src/${path} imports ${name}: it is only for src/${home.join(", src/")}`;
  }
  if (!name.startsWith("node:"))
    return `src/${path} imports ${name}: this package has no home in the table homes`;
  return WITHOUT_NODE.includes(room) ? `src/${path} imports ${name}: ${room} runs in a browser too` : null;
}

function driverOf(path: string): string | null {
  const room = folderOf(path);
  const names = (DRIVERS as Record<string, readonly string[]>)[room] ?? [];
  const rest = path.slice(room.length + 1);
  const name = names.find((driver) => new RegExp(`^${driver}(\\.ts|-|/)`).test(rest));
  return name === undefined ? null : `${room}/${name}`;
}

export function findCycles(sources: readonly Source[]): string[][] {
  const edges = new Map(
    sources.map(({ path, imports }) => [
      path,
      [...new Set(imports.filter((it) => !it.isPackage).map((it) => it.target))],
    ]),
  );
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), path]);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return cycles;
}
