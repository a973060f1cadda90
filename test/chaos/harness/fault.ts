/** What a fault is, and what it may reach. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Audit } from "./audit.ts";
import type { Box, LinkTo } from "./box.ts";
import type { Crowd } from "./crowd.ts";
import type { Dice } from "./dice.ts";
import type { Orders } from "./orders.ts";
import { RUNNING } from "./states.ts";
import type { Topology } from "./topology.ts";
import type { Verdicts } from "./verdicts.ts";
import type { Witness } from "./witness.ts";

export type Scene = {
  readonly topology: Topology;
  readonly crowd: Crowd;
  readonly orders: Orders;
  readonly witness: Witness;
  readonly audit: Audit;
  readonly verdicts: Verdicts;
  /** For the choices of faults alone, so that the same seed makes the same ones. */
  readonly dice: Dice;
};

/** F1 kills, F2 standing still, F3 links, F4 full disks, F5 clocks, F6 readers, F7 restarts, F8 amnesia, F9 poison, F10 repeats. */
export type Kind = "F1" | "F2" | "F3" | "F4" | "F5" | "F6" | "F7" | "F8" | "F9" | "F10";

export type Blow = {
  /** To whom, and how, for people. */
  readonly what: string;
  /** From here it counts until all is well: the kill, or the end of what lasted. Of the monotonic clock. */
  readonly countsFrom: number;
  /** Asked when all is well again. @returns what shows that it happened; @throws Unseen when nothing does. */
  readonly seen: () => string | Promise<string>;
};

export type Fault = {
  readonly name: string;
  readonly kind: Kind;
  /** Does harm, and resolves when the harm is over and what was killed is started. @throws Unseen where it cannot be done. */
  readonly strike: (scene: Scene) => Promise<Blow>;
};

/** A fault that did not happen proves nothing. */
export class Unseen extends Error {
  override readonly name = "Unseen";
}

/** @throws Unseen when it is not so within that time. */
export async function untilSeen(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  for (const until = performance.now() + withinMs; !(await isSo()); await delay(20))
    if (performance.now() > until) throw new Unseen(`${what}: not within ${withinMs} ms`);
}

/** A count that must have grown. */
export function grown(what: string, count: () => number): () => Promise<string> {
  const before = count();
  return async () => {
    await untilSeen(what, () => count() > before, 3000);
    return `${count() - before} ${what}`;
  };
}

/** Connections to a server that broke, of all boxes. */
export function brokenTo({ gateways, workers }: Topology, link: LinkTo): () => number {
  const links = [...gateways, ...workers].flatMap((box) => box.links.get(link) ?? []);
  return () => links.reduce((sum, { broken }) => sum + broken, 0);
}

export function isStopped(pid: number): boolean {
  return /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** The tasks that it runs under a lease: those that take long enough. */
export async function leasedBy({ audit }: Scene, { node }: Box): Promise<string[]> {
  const sql = "select id::text from tanda.tasks where state = $1 and worker like $2";
  return (await audit.query<{ id: string }>(sql, [RUNNING, `%-${node.pid}-%`])).map(({ id }) => id);
}
