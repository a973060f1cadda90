/** From open stores to a running node: everything is made in the order it is needed, and closed the other way round. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createClient } from "../client/surface.ts";
import type { Client } from "../client/typed.ts";
import { AuditLog } from "../engine/audit-log.ts";
import { Admission } from "../engine/admission.ts";
import { Catalogue } from "../engine/catalogue.ts";
import type { Engine } from "../engine/engine.ts";
import { Flights } from "../engine/flights.ts";
import { Forecast } from "../engine/forecast.ts";
import { History, SAMPLE_EVERY_MS } from "../engine/history.ts";
import { Lately } from "../engine/lately.ts";
import { Metrics } from "../engine/metrics.ts";
import { obeyQueueMode } from "../engine/operations.ts";
import { Outcomes } from "../engine/outcomes.ts";
import type { EngineParts } from "../engine/parts.ts";
import { Recent } from "../engine/recent.ts";
import { Tokens } from "../engine/tokens.ts";
import { Watchers } from "../engine/watchers.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { formatAddress, needsToken, type ListenAddress } from "../gateway/listen.ts";
import { createIdMaker } from "../task/id.ts";
import type { BegunWork } from "./begin-work.ts";
import type { Company } from "./company.ts";
import type { DataFolder } from "./data-folder.ts";
import type { CertificateKeeper } from "./duties/certificate-keeper.ts";
import { repeat, repeatWhileNeeded, type Duty } from "./duties/duty.ts";
import { Expirer } from "./duties/expirer.ts";
import { startHeartbeat } from "./duties/heartbeat.ts";
import { startJanitor } from "./duties/janitor.ts";
import { startLateWriter } from "./duties/late-writer.ts";
import { Reporter } from "./duties/reporter.ts";
import { Scheduler } from "./duties/scheduler.ts";
import { farewell } from "./farewell.ts";
import { InProcessCaller } from "./in-process-caller.ts";
import { tellListenError } from "./listen-error.ts";
import { openAlone } from "./open-alone.ts";
import { keepCertificate, openGateway } from "./open-gateway.ts";
import { openWork } from "./open-work.ts";
import type { OpenRemote } from "./open-remote.ts";
import type { CheckedOptions } from "./options.ts";
import type { Recovered } from "./recover.ts";
import { tellingUnknown } from "./unknown-outcomes.ts";
import { version } from "./version.ts";
import { whatItUses } from "./what-it-uses.ts";

const INLINE_CHARS = 64 * 1024;
const LAST_ANSWERS_MS = 1000;
/** A run shows in its row after a second or so. */
const SPARED_MS = 2500;
/** It wakes the process so often, also when there is nothing to do. */
const LAG_RESOLUTION_MS = 200;

/** After the store was at a loss. */
const LOOK_AGAIN_MS = 500;

/** Lines that came with the start go first. */
const HTTP_AFTER_MS = 100;

export interface TandaNode<Actions = unknown> extends AsyncDisposable {
  /** A client inside this process: same calls, same promises, no socket. */
  readonly client: Client<Actions>;
  readonly engine: Engine;
  /** Where it listens, with the ports it got. */
  readonly addresses: readonly ListenAddress[];
  readonly recovered: Recovered;
  /** For actions; 0 where no tasks run. */
  readonly threads: number;
  /** Whoever comes must show a token. */
  readonly needsToken: boolean;
  /** Loads the actions anew; the old ones stay when the file does not load. */
  reload(): Promise<void>;
  /** Takes the certificate's files as they are now, if they are a pair; else the old one stays, and the log says why. */
  renewCertificate(): void;
  /** No new intake, then what runs is finished or given back, then all is closed. Twice is safe. */
  stop(): Promise<void>;
}

/** @param openRemote what a node in company works with; null: what its options name. */
export async function assemble<Actions>(
  options: CheckedOptions,
  folder: DataFolder,
  begun: BegunWork | null,
  openRemote: OpenRemote | null = null,
): Promise<TandaNode<Actions>> {
  const { log } = options;
  const { shared, blobs } = folder;
  const onError = (error: unknown): void => log.error({ error }, "a background duty failed; it goes on");

  const catalogue = new Catalogue();
  const flights = new Flights(() => performance.now());
  const company: Company =
    shared === null
      ? openAlone(options, folder, onError)
      : await (
          await import("./open-fleet.ts")
        ).openFleet(options, { shared, catalogue, flights, openRemote, onError });
  const { queue, sharing, lookAgain, now } = company;
  const startedAt = now();
  const again =
    lookAgain &&
    repeatWhileNeeded(
      LOOK_AGAIN_MS,
      async () => {
        await lookAgain();
        scheduler.wake(now());
        return false;
      },
      onError,
    );
  const store = again === null ? folder.store : tellingUnknown(folder.store, () => again.wake());
  const admission = new Admission({ maxQueued: options.maxQueued });
  const recent = new Recent(now);
  const metrics = new Metrics();
  const waiting = (): number => queue.depths().reduce((sum, depth) => sum + depth.waiting, 0);
  const reporter = new Reporter(log, waiting);
  const tokens = new Tokens({
    store: store.access,
    now,
    maxTokens: options.maxTokens,
    onChanged: () => company.fleet?.tokensChanged(),
  });
  const makeId = createIdMaker(company.node, now, Math.random);
  const audit = new AuditLog({ store: store.access, log, now, makeId });
  const parts: EngineParts = {
    store,
    tokens,
    audit,
    queue,
    blobs,
    catalogue,
    admission,
    flights,
    recent,
    history: new History(),
    fleet: company.fleet,
    watchers: new Watchers(now),
    metrics,
    lately: new Lately(metrics, () => performance.now()),
    forecast: new Forecast(),
    now,
    makeId,
    onDue: (at) => scheduler.wake(at),
    onExpiring: () => expirer.wake(),
    onEnded: (...ended) => reporter.ended(...ended),
    inlineChars: INLINE_CHARS,
    log,
  };
  const outcomes = new Outcomes(parts);
  const scheduler = new Scheduler(store, outcomes, now, onError, company.lookEveryMs ?? Infinity);

  // What runs by itself, to be ended also when the start fails half-way.
  const duties: Duty[] = [scheduler, reporter, ...(again ? [again] : [])];
  await using failed = new AsyncDisposableStack();
  failed.defer(() => company.close());
  failed.defer(() => stopAll(duties));
  if (begun) failed.defer(() => begun.pool.close());
  await tokens.load();
  catalogue.remember(await store.catalogue());
  for (const { queue: name, mode } of await store.queueStates()) obeyQueueMode(parts, name, mode);

  const work = begun
    ? await openWork({ begun, options, store, inHandLog: folder.inHandLog, queue, sharing, outcomes, now })
    : null;
  const announce = async (infos: NonNullable<typeof work>["infos"]): Promise<void> => {
    await store.announce(infos);
    catalogue.serve(infos);
    company.announced(infos);
  };
  if (work) await announce(work.infos);
  const worker = work?.worker ?? null;
  const isInHand = (task: string): boolean => worker?.handOf(task) !== undefined;
  const sparedMs = shared === null ? null : SPARED_MS;
  const expirer = new Expirer({ store, queue, outcomes, isInHand, now, onError, sparedMs });
  duties.push(expirer);

  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  let gateway: Gateway | null = null;
  let certificate: CertificateKeeper | null = null;
  let addresses: readonly ListenAddress[] = [];
  const facts = {
    node: company.node,
    pid: process.pid,
    version,
    startedAt,
    roles: options.roles,
    uses: whatItUses(options),
    connections: () => gateway?.connections ?? 0,
    listen: () => addresses.map(formatAddress),
    bytesInFlight: () => gateway?.bytesInFlight ?? 0,
    eventLoopLagMs: () => Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS),
  };
  const joined = await company.join({ parts, outcomes, worker, pool: work?.pool ?? null, facts });
  const { engine } = joined;
  scheduler.wake(now());
  // What came before there was a worker.
  worker?.wake();
  duties.push(
    ...joined.duties,
    // In a cluster each node keeps its own, and they are added up when they are asked for.
    repeat(SAMPLE_EVERY_MS, async () => parts.history.add(await (engine.local ?? engine).stats()), onError),
    repeat(SAMPLE_EVERY_MS, () => parts.lately.sample(), onError),
    startLateWriter(store, flights, recent, now, onError),
    startJanitor({
      store,
      blobs,
      dataDir: folder.dir,
      retentionMs: options.retentionMs,
      auditRetentionMs: options.auditRetentionMs,
      maxFinished: options.maxFinished,
      now,
      onError,
    }),
    await startHeartbeat({
      store,
      admission,
      recent,
      forecast: parts.forecast,
      unwritten: () => flights.unwrittenCount,
      dataDir: folder.dir,
      diskReserveBytes: options.diskReserveBytes,
      pool: work?.pool ?? null,
      trouble: () => company.trouble,
      onError,
    }),
  );
  const caller = new InProcessCaller(engine, parts.makeId);

  const close = async (): Promise<void> => {
    // Still served, so that a balancer sends its clients elsewhere before the first is refused here.
    await gateway?.giveNotice();
    admission.drain();
    // Connections end as their last answers go out, so this is over only when the tasks are.
    const emptied = gateway?.drain();
    queue.quiesce();
    await drained(options.drainMs, () => (worker?.isBusy ?? false) || company.isAwaited(parts));
    await stopAll(duties);
    await worker?.stop();
    await farewell(store, flights, now).catch(onError);
    await company.leave();
    await Promise.race([emptied, new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS).unref())]);
    await gateway?.close();
    await caller.close({ now: true });
    await company.close();
    await audit.stop();
    lag.disable();
    await folder[Symbol.asyncDispose]();
  };

  const node: TandaNode<Actions> = {
    client: createClient<Actions>(caller),
    engine,
    recovered: joined.recovered,
    needsToken: needsToken(options),
    threads: work === null ? 0 : options.threads,
    get addresses() {
      return addresses;
    },
    async reload() {
      if (work === null) return;
      await audit.ofProcess("reload", async () => announce(await work.pool.reload()));
      work.worker.wake();
    },
    renewCertificate: () => certificate?.look(),
    stop: once(close),
    [Symbol.asyncDispose]: () => node.stop(),
  };
  failed.move();
  try {
    if (options.listen.length > 0) {
      gateway = await openGateway(options, engine);
      addresses = await gateway.start();
      certificate = await keepCertificate(options, gateway, onError);
      if (certificate) duties.push(certificate);
      // A failure is told to who speaks it.
      setTimeout(() => void gateway?.loadHttp().catch(() => {}), HTTP_AFTER_MS).unref();
    }
    return node;
  } catch (error) {
    await node.stop().catch(() => {});
    throw tellListenError(error);
  }
}

/** Resolves when nothing is left, or after a while. */
async function drained(graceMs: number, isMore: () => boolean): Promise<void> {
  const until = performance.now() + graceMs;
  while (isMore() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function stopAll(duties: readonly Duty[]): Promise<void> {
  await Promise.all(duties.map((duty) => duty.stop()));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= work());
}
