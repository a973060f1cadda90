/**
 * How fast is the store in PostgreSQL alone, and what does a row cost? Prints a line of JSON for each kind of write and size of batch:
 * rows a second, and microseconds of CPU a row, told apart into this process's and the server's, which has to be on this machine.
 * `node bench/store-postgres.ts postgres://USER@HOST/DATABASE [seconds each] [in flight]`. Uses a schema of its own, and drops it.
 */
import { readFileSync } from "node:fs";
import { parsePostgresUrl } from "../src/postgres/address.ts";
import { connect, end } from "../src/postgres/connect.ts";
import { openPostgresStore } from "../src/store/postgres.ts";
import type { ClaimEvent, SharedStore } from "../src/store/shared-store.ts";
import type { Applied } from "../src/store/store.ts";
import type { TaskEvent } from "../src/task/decide.ts";
import type { TaskSpec } from "../src/task/task.ts";
import { newSpecNow } from "../test/store/sample-events.ts";

const SCHEMA = "bench_store";
const BATCHES = [1, 20, 200, 1000];
const MAX_ROWS = 60_000;
const BATCHES_AT_MOST = 400;
const LEASE_MS = 60_000;
const NANOS = 1000;

const [url, seconds, inFlight] = [
  process.argv[2],
  Number(process.argv[3] ?? 1),
  Number(process.argv[4] ?? 3),
];
if (url === undefined || !URL.canParse(url) || new URL(url).search !== "")
  throw new Error("node bench/store-postgres.ts postgres://USER@HOST/DATABASE [seconds each] [in flight]");
const onlooker = await connect({ address: parsePostgresUrl(url, process.env), name: "bench" });

const submitOf = (spec: TaskSpec): TaskEvent => ({ type: "submit", id: spec.id, at: Date.now(), spec });
const claimOf = ({ id }: TaskSpec): ClaimEvent => ({ type: "claim", id, at: Date.now(), attempt: 1 });
function finishOf({ id }: TaskSpec, spec?: TaskSpec): TaskEvent {
  const at = Date.now();
  const outcome = { type: "done", result: '"HOLA"', resultBlob: null } as const;
  return { type: "finish", id, at, attempt: 1, startedAt: at, chance: 0.5, outcome, spec };
}

type Kind = {
  readonly name: string;
  /** What has to be there before. */
  readonly before: readonly ("submit" | "claim")[];
  readonly write: (store: SharedStore, specs: readonly TaskSpec[]) => Promise<Applied[]>;
};
const claimAll = (store: SharedStore, specs: readonly TaskSpec[]): Promise<Applied[]> =>
  store.claim(specs.map(claimOf), "bench", LEASE_MS);
const finishAll = (store: SharedStore, specs: readonly TaskSpec[]): Promise<Applied[]> =>
  store.apply(specs.map((spec) => finishOf(spec)));
const KINDS: readonly Kind[] = [
  {
    name: "rides",
    before: [],
    write: (store, specs) => store.apply(specs.map((spec) => finishOf(spec, spec))),
  },
  { name: "submits", before: [], write: (store, specs) => store.apply(specs.map(submitOf)) },
  { name: "claims", before: ["submit"], write: claimAll },
  { name: "finishes of queued", before: ["submit"], write: finishAll },
  { name: "finishes of claimed", before: ["submit", "claim"], write: finishAll },
];

/** Of all of the server's processes, those that write for others too. They live as long as the connections do. */
async function serverMicros(): Promise<number> {
  const { rows } = await onlooker.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name like 'tanda %' or backend_type in ('checkpointer', 'walwriter', 'background writer')",
  );
  let sum = 0;
  for (const { pid } of rows) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / NANOS;
    } catch {
      return NaN;
    }
  }
  return sum;
}

async function logBytes(): Promise<number> {
  const { rows } = await onlooker.query<{ bytes: number }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as bytes",
  );
  return rows[0]!.bytes;
}

async function measure({ name, before, write }: Kind, batch: number): Promise<void> {
  await onlooker.query(`drop schema if exists ${SCHEMA} cascade`);
  await using store = await openPostgresStore({
    url: `${url!}?schema=${SCHEMA}`,
    env: process.env,
    now: () => performance.now(),
    random: Math.random,
  });
  const count = Math.ceil(Math.min(MAX_ROWS, batch * BATCHES_AT_MOST) / batch);
  const batches = Array.from({ length: count }, () => Array.from({ length: batch }, () => newSpecNow()));
  // Connections, plans and the day's table are made before.
  await Promise.all(Array.from({ length: inFlight }, () => store.apply([submitOf(newSpecNow())])));
  const all = batches.flat();
  for (let at = 0; at < all.length; at += 1000) {
    const some = all.slice(at, at + 1000);
    if (before.includes("submit")) await store.apply(some.map(submitOf));
    if (before.includes("claim")) await claimAll(store, some);
  }
  const waits: number[] = [];
  const [server, log, own, startedAt] = [
    await serverMicros(),
    await logBytes(),
    process.cpuUsage(),
    performance.now(),
  ];
  let rows = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (;;) {
        const specs = performance.now() - startedAt < seconds * 1000 ? batches.pop() : undefined;
        if (specs === undefined) return;
        const sentAt = performance.now();
        const answers = await write(store, specs);
        waits.push(performance.now() - sentAt);
        if (answers.some(({ verdict }) => verdict !== "applied")) throw new Error("not applied");
        rows += specs.length;
      }
    }),
  );
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(own);
  const micros = (await serverMicros()) - server;
  const figures = {
    bench: "store-postgres",
    kind: name,
    batch,
    inFlight,
    perSecond: Math.round((rows / ms) * 1000),
    ownMicros: round((user + system) / rows),
    serverMicros: round(micros / rows),
    logBytes: Math.round(((await logBytes()) - log) / rows),
    medianMs: round(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]!),
  };
  console.log(JSON.stringify(figures));
}

function round(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toFixed(2));
}

try {
  const { rows } = await onlooker.query(
    "select name, setting from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers') order by name",
  );
  console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))));
  for (const kind of KINDS) for (const batch of BATCHES) await measure(kind, batch);
} finally {
  await onlooker.query(`drop schema if exists ${SCHEMA} cascade`);
  await end(onlooker);
}
