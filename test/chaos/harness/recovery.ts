/** When all is well again: customers are served as before, and everything that was under way when the harm ended has come to its end. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "./history.ts";
import type { Well } from "./pulse.ts";
import type { Scene } from "./fault.ts";
import type { Pulse } from "./pulse.ts";

const LOOKS_MS = 100;
const OVER_MS = 1000;
/** Of what was finished a second before. */
const SHARE = 0.7;
/** Answers may take so much longer than before. */
const TIMES = 3;
const MORE_MS = 150;

export class Recovery {
  readonly #pulse: Pulse;
  readonly #scene: Scene;

  constructor(scene: Scene, pulse: Pulse) {
    this.#scene = scene;
    this.#pulse = pulse;
  }

  /**
   * @param wellBefore as customers were served before the fault.
   * @returns the ms from `countsFrom` until the moment from which on they were so again, and nothing of before was open; null: not
   * within the limit.
   */
  async from(countsFrom: number, wellBefore: Well, limitMs: number): Promise<number | null> {
    const begunAt = nowMs();
    const wallNow = Date.now();
    let doneAt: number | null = null;
    for (;;) {
      const at = nowMs();
      if (this.#scene.crowd.oldestOpenAt > begunAt && (await this.#isNothingLeft(wallNow))) doneAt ??= at;
      if (doneAt !== null && this.#isServed(at, begunAt, wellBefore))
        return Math.max(0, Math.round(Math.max(doneAt, at - OVER_MS) - countsFrom));
      if (at - begunAt > limitMs) return null;
      await delay(LOOKS_MS);
    }
  }

  #isServed(at: number, since: number, before: Well): boolean {
    const now = this.#pulse.over(OVER_MS, at, since);
    return (
      at - since >= OVER_MS &&
      now.perSecond >= before.perSecond * SHARE &&
      now.slowMs <= Math.max(before.slowMs * TIMES, before.slowMs + MORE_MS)
    );
  }

  async #isNothingLeft(before: number): Promise<boolean> {
    return (await this.#scene.audit.openBefore(before).catch(() => 1)) === 0;
  }

  /** Why not, for people. */
  async told(since: number, before: Well): Promise<string> {
    const { crowd, audit } = this.#scene;
    const now = this.#pulse.over(OVER_MS, nowMs(), since);
    const rows = await audit.openBefore(Date.now()).catch(String);
    return (
      `${Math.round(now.perSecond)} of ${Math.round(before.perSecond)} a second, ${Math.round(now.slowMs)} after ${Math.round(before.slowMs)} ms; ` +
      `${rows} rows and ${crowd.openCount} orders open, the first of them ${crowd.someOpen(5).join(", ")}`
    );
  }
}
