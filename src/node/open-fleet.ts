/** A node among others that share its store: queue and bus, its name and number, and what it does for all of them. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Hint } from "../bus/bus.ts";
import type { Catalogue } from "../engine/catalogue.ts";
import type { Flights } from "../engine/flights.ts";
import { FleetEngine } from "../fleet/fleet-engine.ts";
import { hearOthers } from "../fleet/hearing.ts";
import { Links } from "../fleet/links.ts";
import { Presence, takeNumber } from "../fleet/presence.ts";
import { QueueModes } from "../fleet/queue-modes.ts";
import { StoreClock } from "../fleet/store-clock.ts";
import { postpone, RIDE_MS, Strays } from "../fleet/strays.ts";
import { Waiting } from "../fleet/waiting.ts";
import { WatchRelay } from "../fleet/watch-relay.ts";
import { WorkerOrders } from "../fleet/worker-orders.ts";
import { isSameLane, laneOf, queueOf, withoutRides, type RemoteLane } from "../queue/remote-lane.ts";
import type { SharedStore } from "../store/shared-store.ts";
import type { ActionInfo, Task } from "../task/task.ts";
import { noWorker } from "../worker/worker-face.ts";
import type { Sharing } from "../worker/worker-options.ts";
import type { Company } from "./company.ts";
import { repeat, type Duty } from "./duties/duty.ts";
import { startReaper } from "./duties/reaper.ts";
import { startSweeper } from "./duties/sweeper.ts";
import { openRemote, type OpenRemote } from "./open-remote.ts";
import type { NodeOptions } from "./options.ts";
import { version } from "./version.ts";

const LOOK_EVERY_MS = 1000;
const POLL_EVERY_MS = 500;
const BEAT_EVERY_MS = 1000;
const CLOCK_EVERY_MS = 2000;
const MODES_EVERY_MS = 5000;
/** Where no hint came that one was revoked. */
const TOKENS_EVERY_MS = 2000;
/** For a worker that has their action. */
const ASIDE_MS = 1000;
/** What rides has a row after so long: see the late writer. */
const ROWS_WITHIN_MS = 3000;
const SPREAD_EVERY_MS = 1000;
/** What was taken for quick and is not must not wait for one worker while others are idle. */
const SPREAD_AFTER_MS = 2000;
/** What travels to one worker together is so long at most. */
const PARCEL_MS = 20;
const MOST_IN_PARCEL = 200;
const REDUE_AT_ONCE = 1000;

export type FleetMeans = {
  shared: SharedStore;
  catalogue: Catalogue;
  flights: Flights;
  /** Null: queue and bus are those of the options. */
  openRemote: OpenRemote | null;
  onError: (error: unknown) => void;
};

export async function openFleet(options: NodeOptions, means: FleetMeans): Promise<Company> {
  const { shared, catalogue, flights, onError } = means;
  const { roles, leaseMs, log } = options;
  const clock = new StoreClock({
    store: shared,
    measure: () => performance.now(),
    machineNow: Date.now,
  });
  await clock.ask();
  const { now } = clock;
  const isWorker = roles.includes("worker");
  const name = nameOf();
  const node = options.node > 0 ? options.node : await takeNumber(shared, name, starting);
  const strays = new Strays({ store: shared, flights, now, onError });
  const waiting = new Waiting({ store: shared, flights, onError });
  const presence = new Presence(shared, name, catalogue);
  const quietly = rarely((error) =>
    log.warn({ error }, "the queue cannot be reached as it should; it goes on"),
  );
  const hasOwnLane = (action: string): boolean => catalogue.isLimited(action);
  const open: OpenRemote =
    means.openRemote ?? ((told) => openRemote(options.queue ?? options.store!, process.env, told));
  const { queue, bus } = await open({
    name,
    random: Math.random,
    consumes: isWorker,
    tasksAtOnce: (action) => atOnce(links.meanMs(action) ?? presence.meanMs(action)),
    hasOwnLane,
    observer: {
      unpublished: (messages) => strays.add(messages),
      blocked: (reason) =>
        log.warn({ reason }, reason === null ? "the queue takes again" : "the queue takes nothing"),
      unreadable: (what) => log.error(what, "a message that cannot be read was left alone"),
      queueLost: (lane) => {
        const again = (): void => void redue(shared, lane, hasOwnLane).catch(onError);
        again();
        // What rode has its row by then.
        setTimeout(again, ROWS_WITHIN_MS).unref();
      },
      ridesLost: () => strays.addRides(),
      trouble: quietly,
    },
    onBusError: quietly,
  });
  const links: Links = new Links({
    bus,
    store: shared,
    catalogue,
    onLook: (tasks) => waiting.look(tasks),
    onLater: (messages) => postpone(shared, messages, now(), RIDE_MS),
    onQueueChanged: async (changed) => modes?.spread(changed),
  });
  // Until then nobody can say what is not served here: it stays where it is.
  let isAnnounced = false;
  const sharing: Sharing = {
    leaseMs,
    claim: (claims) => shared.claim(claims, name, leaseMs),
    renew: (held) => shared.renew(name, held, leaseMs),
    check: (messages) => shared.stale(messages.map(({ spec, attempt }) => ({ id: spec.id, attempt }))),
    isServed: (action) => !isAnnounced || catalogue.isServedHere(action),
    putAside: (messages) => {
      postpone(shared, messages, now(), ASIDE_MS).then(
        () => queue.settle(messages),
        (error: unknown) => {
          onError(error);
          setTimeout(() => queue.putBack(messages), ASIDE_MS).unref();
        },
      );
    },
  };
  let relay: WatchRelay | null = null;
  let modes: QueueModes | null = null;
  let unknown = 0;
  const lookForUnknown = async (): Promise<void> => {
    const found = await shared.unknown();
    if (found > 0 && found !== unknown)
      log.warn(
        { tasks: found },
        "tasks in a form not known here, damaged or written by a newer Tanda, are left alone",
      );
    unknown = found;
  };

  return {
    queue,
    fleet: links,
    sharing: isWorker ? sharing : null,
    node,
    now,
    lookEveryMs: LOOK_EVERY_MS,
    lookAgain: null,
    get trouble() {
      const { isPublishing, isConsuming, blocked } = queue.health;
      if (blocked !== null) return `The queue takes nothing for now: ${blocked}`;
      if (!isPublishing || (isWorker && !isConsuming))
        return "The queue cannot be reached: tasks go by way of the store until it is back.";
      if (unknown > 0)
        return `${unknown} tasks are damaged or were written by a newer Tanda, in a form not known here: they are left alone.`;
      return null;
    },
    announced(actions: readonly ActionInfo[]) {
      isAnnounced = true;
      queue.serve([...new Set(["default", ...actions.map((action) => action.queue)])]);
      links.actionsChanged();
    },
    async join({ parts, outcomes, worker, pool, facts }) {
      relay = new WatchRelay({
        watchers: parts.watchers,
        tell: (address, hint) => links.tell(address, hint),
        address: links.address,
        now,
      });
      const face = worker ?? noWorker;
      const tellAll = (hint: Hint): void => links.tell(null, hint);
      const ownModes = (modes = new QueueModes({ parts, presence, tell: tellAll }));
      // One after another, or the last to come would tell how it was before.
      let beating: Promise<unknown> = Promise.resolve();
      const beat = (): Promise<void> => {
        const done = beating.then(async () => {
          const meanMs = (action: string): number | null => pool?.meanMs(action) ?? null;
          const told = await engine.describe(catalogue.servedHere(), meanMs);
          await presence.beat({ ...told, modes: ownModes.shown() });
        });
        beating = done.catch(() => {});
        return done;
      };
      const orders = new WorkerOrders({
        own: { name: `${facts.node}`, worker: face },
        presence,
        tell: tellAll,
        beat,
        onError,
      });
      const fleet = { links, presence, waiting, relay, orders };
      const engine = new FleetEngine(fleet, parts, face, outcomes, facts);
      hearOthers({ bus, parts, worker: face, links, waiting, relay, orders, modes, beat, onError });
      await beat();
      const duties: Duty[] = [
        startSweeper({ store: shared, queue, isTaking: () => worker?.isDrained === false, onError }),
        startReaper({ store: shared, outcomes, leaseMs, random: Math.random, log, onError }),
        repeat(SPREAD_EVERY_MS, () => queue.spread(SPREAD_AFTER_MS, options.threads), onError),
        repeat(POLL_EVERY_MS, () => waiting.poll(), onError),
        repeat(BEAT_EVERY_MS, beat, onError),
        repeat(CLOCK_EVERY_MS, () => clock.ask(), onError),
        repeat(MODES_EVERY_MS, () => Promise.all([ownModes.read(), links.refreshActions()]), onError),
        repeat(MODES_EVERY_MS, lookForUnknown, onError),
        repeat(TOKENS_EVERY_MS, () => parts.tokens.load(), onError),
      ];
      return { engine, duties, recovered: { queued: 0, interrupted: 0 } };
    },
    isAwaited: ({ flights: waited }) => waited.size > 0,
    async leave() {
      relay?.close();
      await presence.leave().catch(onError);
    },
    async close() {
      await queue.close();
      await strays.close();
      await bus.close();
    },
  };
}

function starting(node: number): Parameters<typeof Presence.prototype.beat>[0] & { v: number } {
  const view = {
    node,
    pid: process.pid,
    version,
    roles: [],
    state: "starting",
    startedAt: Date.now(),
  } as const;
  const about = { ...view, roles: [], rssBytes: 0, connections: 0, listen: [] };
  return { v: 1, node: about, workers: [], rates: null, actions: [], means: {} };
}

/** Of this life of this process: what it holds is never taken for another's. */
function nameOf(): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 20);
  return `${host}-${process.pid}-${randomUUID().slice(0, 8)}`;
}

/** One at a time while nothing is known. */
function atOnce(meanMs: number | null): number {
  if (meanMs === null) return 1;
  return Math.max(1, Math.min(MOST_IN_PARCEL, Math.floor(PARCEL_MS / Math.max(meanMs, 0.001))));
}

/** All that waits in it is published again. */
async function redue(
  shared: SharedStore,
  lane: RemoteLane,
  hasOwnLane: (action: string) => boolean,
): Promise<void> {
  let after: string | null = null;
  const where = withoutRides(lane);
  for (;;) {
    const rows: Task[] = await shared.backlog(queueOf(lane), lane.priority, after, REDUE_AT_ONCE);
    const its = rows.filter((task) => isSameLane(laneOf(task, hasOwnLane), where));
    await shared.unpublished(its.map(({ id }) => id));
    if (rows.length < REDUE_AT_ONCE) return;
    after = rows.at(-1)!.id;
  }
}

/** A server that is away makes many errors of one kind. */
function rarely(tell: (error: unknown) => void): (error: unknown) => void {
  let last = "";
  let toldAt = -Infinity;
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    if (text === last && performance.now() - toldAt < 10_000) return;
    last = text;
    toldAt = performance.now();
    tell(error);
  };
}
