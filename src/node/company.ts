/**
 * With whom a node works: alone, with a queue in its own memory, or with others that share its store. What the two have alike, for
 * whoever assembles a node.
 */
import type { Engine } from "../engine/engine.ts";
import type { Fleet } from "../engine/fleet.ts";
import type { NodeFacts } from "../engine/insight.ts";
import type { Outcomes } from "../engine/outcomes.ts";
import type { EngineParts } from "../engine/parts.ts";
import type { Queue } from "../queue/queue.ts";
import type { ActionInfo } from "../task/task.ts";
import type { Pool } from "../worker/pool.ts";
import type { Sharing } from "../worker/worker-options.ts";
import type { Worker } from "../worker/worker.ts";
import type { Duty } from "./duties/duty.ts";
import type { Recovered } from "./recover.ts";

export interface Company {
  readonly queue: Queue;
  readonly fleet: Fleet | null;
  readonly sharing: Sharing | null;
  /** This node's number. */
  readonly node: number;
  /** Epoch milliseconds, by the clock that all who share the store go by. */
  readonly now: () => number;
  /** Others may make what duties look for: then they look by themselves, every so often at the latest. */
  readonly lookEveryMs: number | null;
  /** What is not as it should be, though the node does its work; null when all is well. */
  readonly trouble: string | null;
  /** After the store was at a loss: looks for rows that wait and were given to nobody, and for ends that nobody was told of; null where that is done anyway. */
  readonly lookAgain: (() => Promise<void>) | null;
  /** These are served here from now on. */
  announced(actions: readonly ActionInfo[]): void;
  /** With all parts there. Called once, before anything is let in. */
  join(assembled: Assembled): Promise<Joined>;
  /** Tasks that somebody waits for here still end: a stop waits for them. */
  isAwaited(parts: EngineParts): boolean;
  /** Nothing more is asked of others; the queue is open still. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export type Assembled = {
  readonly parts: EngineParts;
  readonly outcomes: Outcomes;
  /** Null where no tasks run. */
  readonly worker: Worker | null;
  readonly pool: Pool | null;
  readonly facts: NodeFacts;
};

export type Joined = {
  readonly engine: Engine;
  readonly duties: readonly Duty[];
  readonly recovered: Recovered;
};
