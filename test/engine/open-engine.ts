/** An engine with its queue, worker and store, assembled as a node does, so that a test can stand between its parts. */
import { Tokens } from "../../src/engine/tokens.ts";
import { AuditLog } from "../../src/engine/audit-log.ts";
import { Admission } from "../../src/engine/admission.ts";
import { Catalogue } from "../../src/engine/catalogue.ts";
import type { Answer, Engine, Submission } from "../../src/engine/engine.ts";
import { Flights } from "../../src/engine/flights.ts";
import { Forecast } from "../../src/engine/forecast.ts";
import { Lately } from "../../src/engine/lately.ts";
import { LocalEngine } from "../../src/engine/local-engine.ts";
import { Metrics } from "../../src/engine/metrics.ts";
import { Outcomes } from "../../src/engine/outcomes.ts";
import type { EngineParts } from "../../src/engine/parts.ts";
import { History } from "../../src/engine/history.ts";
import { Recent } from "../../src/engine/recent.ts";
import { Watchers } from "../../src/engine/watchers.ts";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { EmbeddedQueue } from "../../src/queue/embedded.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { createInlinePool } from "../../src/worker/inline-pool.ts";
import { noInHandLog } from "../../src/worker/in-hand-file.ts";
import type { Pool } from "../../src/worker/pool.ts";
import { Worker } from "../../src/worker/worker.ts";

export const makeId = createIdMaker(5, Date.now, Math.random);
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export type OpenEngineOptions = {
  actions: object;
  threads?: number;
  windowTasks?: number;
  /** What the engine and its worker see of the store. */
  through?: (store: Store) => Store;
  pool?: Pool;
  openQuarantinePool?: () => Pool;
  quarantineCells?: number;
  quarantineIdleMs?: number;
};

export type OpenedEngine = AsyncDisposable & {
  engine: Engine;
  store: Store;
  worker: Worker;
  queue: EmbeddedQueue;
  catalogue: Catalogue;
  forecast: Forecast;
  troubles: unknown[];
};

export async function openEngine(options: OpenEngineOptions): Promise<OpenedEngine> {
  const inner = await openSqliteStore({ path: ":memory:" });
  const store = options.through?.(inner) ?? inner;
  const now = Date.now;
  const troubles: unknown[] = [];
  const queue = new EmbeddedQueue({
    store,
    onError: (error) => troubles.push(error),
    ...(options.windowTasks === undefined ? {} : { windowTasks: options.windowTasks }),
  });
  const admission = new Admission({ maxQueued: 1e6 });
  admission.setHealth(true, null);
  const catalogue = new Catalogue();
  const log = { info() {}, warn: (facts: object) => void troubles.push(facts), error() {}, debug() {} };
  const metrics = new Metrics();
  const forecast = new Forecast();
  const parts: EngineParts = {
    store,
    tokens: new Tokens({ store: store.access, now, maxTokens: 1000 }),
    audit: new AuditLog({ store: store.access, log, now, makeId }),
    queue,
    blobs: null as unknown as Blobs,
    catalogue,
    admission,
    flights: new Flights(() => performance.now()),
    watchers: new Watchers(now),
    metrics,
    lately: new Lately(metrics, now),
    recent: new Recent(now),
    forecast,
    history: new History(),
    fleet: null,
    now,
    makeId,
    onDue() {},
    onExpiring() {},
    onEnded() {},
    inlineChars: 1e9,
    log,
  };
  const outcomes = new Outcomes(parts);
  const openInline = (): Pool => createInlinePool({ actions: options.actions, threads: options.threads });
  const pool = options.pool ?? openInline();
  catalogue.serve(await pool.start());
  const worker = new Worker({
    queue,
    store,
    pool,
    openQuarantinePool: options.openQuarantinePool ?? openInline,
    quarantineCells: options.quarantineCells ?? 2,
    ...(options.quarantineIdleMs === undefined ? {} : { quarantineIdleMs: options.quarantineIdleMs }),
    inHandLog: noInHandLog,
    sharing: null,
    observer: outcomes,
    now,
    random: () => 0.5,
  });
  const engine = new LocalEngine(parts, worker, outcomes, {
    node: 5,
    pid: process.pid,
    version: "0.0.0",
    startedAt: now(),
    roles: [],
    connections: () => 0,
    listen: () => [],
    bytesInFlight: () => 0,
    eventLoopLagMs: () => 0,
  });
  return {
    engine,
    store: inner,
    worker,
    queue,
    catalogue,
    forecast,
    troubles,
    async [Symbol.asyncDispose]() {
      await worker.stop(0);
      await queue.close();
      await inner.close();
    },
  };
}

/** One task, and its one answer. */
export function ask(
  engine: Engine,
  action: string,
  payload: unknown,
  options: Submission["options"] = null,
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const submission = { token: null, action, payload: JSON.stringify(payload), options };
  engine.submit([submission], { answer: (_token, answer) => resolve(answer) });
  return promise;
}

/** What it was when the time was over, if it had not come. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | "no answer"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"no answer">((resolve) => (timer = setTimeout(() => resolve("no answer"), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
