/**
 * One running node: here the rooms meet, and only here and in the files beside this one are drivers named.
 * Everything opens in the order it is needed and closes the other way round.
 */
import { availableParallelism } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Admission } from "../engine/admission.ts";
import { Catalogue } from "../engine/catalogue.ts";
import type { Engine } from "../engine/engine.ts";
import { Flights } from "../engine/flights.ts";
import { LocalEngine } from "../engine/local-engine.ts";
import { Metrics } from "../engine/metrics.ts";
import { Outcomes } from "../engine/outcomes.ts";
import type { EngineParts } from "../engine/parts.ts";
import { Recent } from "../engine/recent.ts";
import { Watchers } from "../engine/watchers.ts";
import { checkPeers } from "../cluster/peer-addresses.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { withLimits } from "../gateway/limits.ts";
import { checkListen, formatAddress, parseListen, type ListenAddress } from "../gateway/listen.ts";
import { createClient } from "../client/surface.ts";
import type { Client } from "../client/typed.ts";
import { EmbeddedQueue } from "../queue/embedded.ts";
import { createIdMaker } from "../task/id.ts";
import { Worker } from "../worker/worker.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { Expirer } from "./duties/expirer.ts";
import type { Duty } from "./duties/duty.ts";
import { startHeartbeat } from "./duties/heartbeat.ts";
import { startJanitor } from "./duties/janitor.ts";
import { startLateWriter } from "./duties/late-writer.ts";
import { Reporter } from "./duties/reporter.ts";
import { Scheduler } from "./duties/scheduler.ts";
import { farewell } from "./farewell.ts";
import { InProcessCaller } from "./in-process-caller.ts";
import { DEFAULT_OPTIONS, type NodeOptions } from "./options.ts";
import { openCluster } from "./open-cluster.ts";
import { openPools } from "./open-pools.ts";
import { tellListenError } from "./listen-error.ts";
import { recover, type Recovered } from "./recover.ts";
import { version } from "./version.ts";

const INLINE_CHARS = 64 * 1024;
const LAST_ANSWERS_MS = 1000;

export interface TandaNode<Actions = unknown> extends AsyncDisposable {
  /** A client inside this process: same calls, same promises, no socket. */
  readonly client: Client<Actions>;
  readonly engine: Engine;
  /** Where it listens, with the ports it got. */
  readonly addresses: readonly ListenAddress[];
  readonly recovered: Recovered;
  readonly threads: number;
  /** Loads the actions anew; the old ones stay when the file does not load. */
  reload(): Promise<void>;
  /** No new intake, then what runs is finished or given back, then all is closed. Twice is safe. */
  stop(): Promise<void>;
}

/** Opens a node. Rejects when the folder is in use, the actions do not load, or an address cannot be had. */
export async function startNode<Actions = unknown>(
  given: Partial<NodeOptions> = {},
): Promise<TandaNode<Actions>> {
  const options: NodeOptions = { threads: availableParallelism(), ...DEFAULT_OPTIONS, ...given };
  const listen = options.listen.map((address) =>
    typeof address === "string" ? parseListen(address) : address,
  );
  // What is wrong with these is told before anything that was left behind begins to run.
  if (listen.length > 0) checkListen(listen, options.token);
  withLimits(options.limits);
  checkPeers(options.node, options.peers);
  const folder = await openDataFolder(options.data, options.blobs);
  try {
    return await assemble<Actions>({ ...options, listen }, folder);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

type Checked = Omit<NodeOptions, "listen"> & { readonly listen: readonly ListenAddress[] };

async function assemble<Actions>(options: Checked, folder: DataFolder): Promise<TandaNode<Actions>> {
  const { log } = options;
  const now = Date.now;
  const startedAt = now();
  const { store, blobs } = folder;
  const onError = (error: unknown): void => log.error({ error }, "a background duty failed; it goes on");

  const queue = new EmbeddedQueue({ store, onError });
  const admission = new Admission({ maxQueued: options.maxQueued });
  const catalogue = new Catalogue();
  const recent = new Recent(now);
  const flights = new Flights();
  const waiting = (): number => queue.depths().reduce((sum, depth) => sum + depth.waiting, 0);
  const reporter = new Reporter(log, waiting);
  const parts: EngineParts = {
    store,
    queue,
    blobs,
    catalogue,
    admission,
    flights,
    recent,
    fleet: null,
    watchers: new Watchers(now),
    metrics: new Metrics(),
    now,
    makeId: createIdMaker(options.node, now, Math.random),
    onDue: (at) => scheduler.wake(at),
    onExpiring: () => expirer.wake(),
    onEnded: (...ended) => reporter.ended(...ended),
    inlineChars: INLINE_CHARS,
    log,
  };
  const outcomes = new Outcomes(parts);
  const scheduler = new Scheduler(store, outcomes, now, onError);

  catalogue.remember(await store.catalogue());
  for (const { queue: name, mode } of await store.queueStates()) {
    admission.setQueueMode(name, mode);
    if (mode === "paused") queue.pause(name);
  }

  // What runs by itself, to be ended also when the start fails half-way.
  const duties: Duty[] = [scheduler, reporter];
  const { pool, openQuarantinePool } = await openPools(options, folder);
  await using failed = new AsyncDisposableStack();
  failed.defer(() => pool.close());
  failed.defer(() => stopAll(duties));
  const announce = async (infos: Awaited<ReturnType<typeof pool.start>>): Promise<void> => {
    await store.announce(infos);
    catalogue.serve(infos);
  };
  await announce(await pool.start());
  const worker = new Worker({
    queue,
    store,
    pool,
    openQuarantinePool,
    quarantineCells: Math.max(4, options.threads),
    inHandLog: folder.inHandLog,
    sharing: null,
    observer: outcomes,
    now,
    random: Math.random,
  });
  const expirer = new Expirer(
    store,
    queue,
    outcomes,
    (task) => worker.handOf(task) !== undefined,
    now,
    onError,
  );
  duties.push(expirer);
  const recovered = await recover(store, queue, worker, folder.left, now);
  scheduler.wake(now());

  const lag = monitorEventLoopDelay({ resolution: 20 });
  lag.enable();
  let gateway: Gateway | null = null;
  let addresses: readonly ListenAddress[] = [];
  const local = new LocalEngine(parts, worker, outcomes, {
    node: options.node,
    pid: process.pid,
    version,
    startedAt,
    roles: ["gateway", "worker"],
    connections: () => gateway?.connections ?? 0,
    listen: () => addresses.map(formatAddress),
    bytesInFlight: () => gateway?.bytesInFlight ?? 0,
    eventLoopLagMs: () => lag.max / 1e6,
  });
  duties.push(
    startLateWriter(store, flights, recent, now, onError),
    startJanitor({
      store,
      blobs,
      dataDir: folder.dir,
      retentionMs: options.retentionMs,
      maxFinished: options.maxFinished,
      now,
      onError,
    }),
    await startHeartbeat({
      store,
      admission,
      recent,
      dataDir: folder.dir,
      diskReserveBytes: options.diskReserveBytes,
      pool,
      onError,
    }),
  );
  const cluster = openCluster(local, options);
  const { engine } = cluster;
  const caller = new InProcessCaller(engine, parts.makeId);

  const close = async (): Promise<void> => {
    // Still served, so that a balancer sends its clients elsewhere before the first is refused here.
    await gateway?.giveNotice();
    admission.drain();
    // Connections end as their last answers go out, so this is over only when the tasks are.
    const emptied = gateway?.drain();
    queue.quiesce();
    await worker.drain(options.drainMs, () => flights.hasUnwritten);
    await stopAll(duties);
    await worker.stop();
    await farewell(store, flights, now).catch(onError);
    await cluster.close();
    await Promise.race([emptied, new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS).unref())]);
    await gateway?.close();
    await caller.close({ now: true });
    await queue.close();
    lag.disable();
    await folder[Symbol.asyncDispose]();
  };

  const node: TandaNode<Actions> = {
    client: createClient<Actions>(caller),
    engine,
    recovered,
    threads: options.threads,
    get addresses() {
      return addresses;
    },
    async reload() {
      await announce(await pool.reload());
      worker.wake();
    },
    stop: once(close),
    [Symbol.asyncDispose]: () => node.stop(),
  };
  failed.move();
  try {
    if (options.listen.length > 0) {
      const { createGateway } = await import("../gateway/gateway.ts");
      gateway = createGateway({
        engine,
        listen: options.listen,
        token: options.token,
        hosts: options.hosts,
        origins: options.origins,
        limits: options.limits,
        tls: options.tls,
        blobLinkMs: options.blobsRedirectMs,
        clock: { now },
        log,
        version,
      });
      addresses = await gateway.start();
    }
    return node;
  } catch (error) {
    await node.stop().catch(() => {});
    throw tellListenError(error);
  }
}

async function stopAll(duties: readonly Duty[]): Promise<void> {
  await Promise.all(duties.map((duty) => duty.stop()));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= work());
}
