/** One fault after another, in an order that the seed tells; between them all must become well again. */
import { setTimeout as delay } from "node:timers/promises";
import { Unseen, type Blow, type Fault, type Kind, type Scene } from "./fault.ts";
import { nowMs, type History } from "./history.ts";
import type { Pulse } from "./pulse.ts";
import { Recovery } from "./recovery.ts";

/** All is as it is without faults, for so long before the next one. */
const CALM_MS = 1500;
const RECOVERS_WITHIN_MS = 90_000;

export type Struck = {
  readonly name: string;
  readonly kind: Kind;
  readonly what: string;
  readonly seen: string;
  readonly recoveredMs: number;
};

export class Nemesis {
  readonly struck: Struck[] = [];
  /** Resolves when nothing that was killed is still to be started. */
  striking: Promise<unknown> = Promise.resolve();
  /** What it does just now, for people. */
  doing = "nothing yet";
  readonly #scene: Scene;
  readonly #history: History;
  readonly #pulse: Pulse;
  readonly #recovery: Recovery;

  constructor(scene: Scene, history: History, pulse: Pulse) {
    this.#scene = scene;
    this.#history = history;
    this.#pulse = pulse;
    this.#recovery = new Recovery(scene, pulse);
  }

  /** All of these in rounds, each round in an order of its own, until `isOver`; of the first round none is left out. */
  async run(faults: readonly Fault[], isOver: () => boolean): Promise<void> {
    const { dice } = this.#scene;
    for (let round = 0; round === 0 || !isOver(); round++)
      for (const fault of dice.shuffled(faults)) {
        if (round > 0 && isOver()) return;
        await this.strike(fault);
      }
  }

  async strike(fault: Fault): Promise<void> {
    this.doing = "calm";
    await delay(CALM_MS);
    const { name, kind } = fault;
    const before = this.#pulse.over(CALM_MS, nowMs());
    this.doing = name;
    this.#history.add({ who: "nemesis", op: "strike", fault: name });
    let blow: Blow;
    try {
      const striking = fault.strike(this.#scene);
      this.striking = striking.catch(() => {});
      blow = await striking;
    } catch (error) {
      if (error instanceof Unseen) return this.#scene.verdicts.unobserved(name, error.message);
      throw new Error(`${name} could not be done`, { cause: error });
    }
    const { what, countsFrom } = blow;
    this.#history.add({ who: "nemesis", op: "over", fault: name, what });
    this.doing = `recovery from ${name}`;
    const since = nowMs();
    const recoveredMs = await this.#recovery.from(countsFrom, before, RECOVERS_WITHIN_MS);
    if (recoveredMs === null) {
      const why = await this.#recovery.told(since, before);
      this.#scene.verdicts.break("I8", `${name} of ${what}: not well after ${RECOVERS_WITHIN_MS} ms: ${why}`);
    }
    await this.#look(blow, name, kind, recoveredMs ?? RECOVERS_WITHIN_MS);
  }

  async #look({ what, seen }: Blow, name: string, kind: Kind, recoveredMs: number): Promise<void> {
    try {
      const told = await seen();
      this.struck.push({ name, kind, what, seen: told, recoveredMs });
      this.#history.add({ who: "nemesis", op: "well", fault: name, what, seen: told, recoveredMs });
      console.log(`  ${name} (${what}): ${told}; well after ${(recoveredMs / 1000).toFixed(1)} s`);
    } catch (error) {
      if (!(error instanceof Unseen)) throw error;
      this.#scene.verdicts.unobserved(name, `${what}: ${error.message}`);
    }
  }
}
