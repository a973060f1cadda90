import type { Blobs } from "../blobs/blobs.ts";
import type { Engine } from "../engine/engine.ts";
import type { Askers } from "./askers.ts";
import type { Budget } from "./budget.ts";
import type { Connections } from "./connections.ts";
import type { Door } from "./door.ts";
import type { Grant } from "./grant.ts";
import type { EventTexts } from "./event-texts.ts";
import type { GuardedEngine } from "./guarded-engine.ts";
import type { Limits } from "./limits.ts";
import type { LongAnswers } from "./long-answers.ts";
import type { NodeDoor } from "./node-door.ts";
import type { Pace } from "./pace.ts";
import type { ReadTurns } from "./read-turns.ts";
import type { Refusals } from "./refusals.ts";
import type { Shares } from "./shares.ts";
import type { Turn } from "./turn.ts";

export type Clock = { now(): number };

/** What a gateway writes; pino's loggers fit. Names from outside go into fields, never into the text. */
export type Log = {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
};

/** What a gateway tells of itself to whoever may ask, and the results that it tells as they are. */
export type Own = Pick<Engine, "health" | "self" | "metrics" | "stats" | "queues" | "workers"> & {
  readonly results: Pick<Blobs, "stat" | "open">;
};

/** Each node of a cluster is asked by itself, and adding up is the collector's. */
export function ownOf(engine: Engine): Own {
  const own = engine.local ?? engine;
  return {
    get health() {
      return engine.health;
    },
    self: engine.self,
    metrics: engine.metrics,
    stats: () => own.stats(),
    queues: () => own.queues(),
    workers: () => own.workers(),
    results: engine.blobs,
  };
}

/** What all connections of one gateway share. */
export type GatewayContext = {
  /** The use cases, as whoever has this grant may use them; there is no other way to them. @param from the client's address. */
  readonly engineFor: (grant: Grant, from: string) => GuardedEngine;
  readonly own: Own;
  readonly limits: Limits;
  readonly blobLinkMs: number | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly door: Door;
  /** Null where the cluster has no secret: then `local` is taken from everybody. */
  readonly nodeDoor: NodeDoor | null;
  readonly budget: Budget;
  readonly turn: Turn;
  readonly pace: Pace;
  readonly reads: ReadTurns;
  readonly shares: Shares;
  readonly refusals: Refusals;
  readonly longAnswers: LongAnswers;
  readonly eventTexts: EventTexts;
  readonly connections: Connections;
  readonly askers: Askers;
  /** Of the certificate in use, epoch milliseconds; null without TLS. */
  readonly certificateExpiresAt: () => number | null;
  /** Who asks whether it is ready is told that it drains. */
  readonly isLeaving: () => boolean;
  /** Nothing new is taken. */
  readonly isDraining: () => boolean;
};
