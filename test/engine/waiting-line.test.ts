/** What is told to who is refused: a time that proves right, fair and not the same for all. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission } from "../../src/engine/admission.ts";
import { DrainRate } from "../../src/engine/drain-rate.ts";
import type { Waiter } from "../../src/engine/engine.ts";

const client = (unanswered = 1000): Waiter => ({ answer() {}, sender: {}, unanswered });

/** A node that ends so many a second, in virtual time; its clients ask again when they were told to, and ask for more once let in. */
class Overload {
  perMs: number;
  readonly #isUneven: boolean;
  readonly #events = new Map<number, (() => void)[]>();
  readonly admission: Admission;
  now = 0;
  /** What was refused before does not count. */
  since = 0;
  #inside = 0;
  #ended = 0;
  letIn = 0;
  repeats = { all: 0, letIn: 0 };
  readonly waits: { toldMs: number; trueMs: number }[] = [];
  readonly letInOf = new Map<Waiter, number>();

  constructor(maxQueued: number, perSecond: number, isUneven = false) {
    this.#isUneven = isUneven;
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    this.perMs = perSecond / 1000;
    this.admission = new Admission({ maxQueued, now: () => this.now, random });
    this.admission.setHealth(true, null);
  }

  at(at: number, run: () => void): void {
    const when = Math.max(this.now, Math.ceil(at));
    const then = this.#events.get(when);
    if (then) then.push(run);
    else this.#events.set(when, [run]);
  }

  ask(
    who: Waiter,
    isObedient: boolean,
    again: { refusedAt: number; toldMs: number } | null,
    onEnd: () => void,
    task: string | null = null,
  ): void {
    const refusal = this.admission.admit("default", who, false, task);
    if (refusal !== null) {
      const toldMs = refusal.retryAfterMs!;
      const first = again ?? { refusedAt: this.now, toldMs };
      if (again !== null && again.refusedAt >= this.since) this.repeats.all++;
      this.at(this.now + (isObedient ? toldMs : 20), () => this.ask(who, isObedient, first, onEnd, task));
      return;
    }
    this.#inside++;
    this.letIn++;
    this.letInOf.set(who, (this.letInOf.get(who) ?? 0) + 1);
    if (again !== null && again.refusedAt >= this.since && isObedient) {
      this.repeats.all++;
      this.repeats.letIn++;
      this.waits.push({ toldMs: again.toldMs, trueMs: Math.max(1, this.now - again.refusedAt) });
    }
    onEnd();
  }

  /** Who has one request and waits for it. @returns whether it was let in. */
  askForLittle(): boolean {
    if (this.admission.admit("default", client(1), true) !== null) return false;
    this.#inside++;
    return true;
  }

  run(ms: number): void {
    let owed = 0;
    for (const until = this.now + ms; this.now < until; this.now++) {
      // Twice as fast in one second as in another, and ending in heaps.
      owed += this.perMs * (this.#isUneven && Math.floor(this.now / 1000) % 2 === 0 ? 0.5 : 1);
      const isTime = !this.#isUneven || this.now % 50 === 0;
      const going = isTime ? Math.min(Math.floor(owed), this.#inside) : 0;
      if (isTime) owed -= Math.floor(owed);
      this.#inside -= going;
      this.#ended += going;
      if (going > 0) this.admission.left(going);
      if (this.now % 1000 === 0) this.admission.setCounts(this.#inside, this.#ended);
      for (const run of this.#events.get(this.now) ?? []) run();
      this.#events.delete(this.now);
    }
  }
}

/** Each wants as much as it can have: `each` requests under way, a new one for each that was let in. */
function clients(overload: Overload, count: number, each: number, isObedient = true): Waiter[] {
  return Array.from({ length: count }, () => {
    const who = client();
    const want = (): void => overload.ask(who, isObedient, null, () => overload.at(overload.now + 1, want));
    for (let n = 0; n < each; n++) want();
    return who;
  });
}

/** Each asks for a new one so often, whatever becomes of those before. */
function floods(overload: Overload, count: number, everyMs: number, areNamed: boolean): void {
  for (let n = 0; n < count; n++) {
    const who = client();
    let asked = 0;
    const ask = (): void => {
      overload.ask(who, true, null, () => {}, areNamed ? `task ${n} ${asked++}` : null);
      overload.at(overload.now + everyMs, ask);
    };
    overload.at(n, ask);
  }
}

describe("a full node", () => {
  test("keeps the place of a task that has a name, however much else its sender asks for", () => {
    const overload = new Overload(2000, 1000);
    // Five times what it can do, and beside it who asks for little.
    floods(overload, 50, 10, true);
    for (let at = 0; at < 34_000; at += 7) overload.at(at, () => void overload.askForLittle());
    overload.run(4000);
    // Now it is known how fast it is.
    overload.since = overload.now;
    overload.repeats = { all: 0, letIn: 0 };
    overload.waits.length = 0;
    overload.letIn = 0;
    overload.run(30_000);
    const { all, letIn } = overload.repeats;
    assert.ok(all > 2000, `${all} repeats`);
    assert.ok(letIn / all >= 0.9, `${letIn} of ${all}`);
    assert.ok(overload.letIn >= 23_000, `${overload.letIn} in thirty seconds`);
    const right = overload.waits.filter(({ toldMs, trueMs }) => trueMs <= 2 * toldMs && toldMs <= 2 * trueMs);
    assert.ok(right.length / overload.waits.length >= 0.9, `${right.length} of ${overload.waits.length}`);
  });

  test("keeps the places it told also when the flood takes a part of what it could do, and works no less than it can", () => {
    const overload = new Overload(2000, 1000);
    // Busy, and nobody is refused.
    for (let n = 0; n < 1800; n++) overload.askForLittle();
    for (let at = 0; at < 6000; at++) overload.at(at, () => void overload.askForLittle());
    overload.run(6000);
    overload.perMs = 0.84;
    floods(overload, 50, 10, true);
    overload.since = overload.now;
    overload.run(20_000);
    const { all, letIn } = overload.repeats;
    assert.ok(all > 5000 && letIn / all >= 0.9, `${letIn} of ${all}`);
    assert.ok(overload.letIn >= 0.84 * 20_000 - 1100, `${overload.letIn} in twenty seconds`);
  });

  test("tells the first who is refused no times as if he were alone", () => {
    const overload = new Overload(2000, 1000);
    const whos = Array.from({ length: 50 }, () => client());
    // It is known how fast it is, and that all of them ask.
    for (let n = 0; n < 1800; n++) overload.askForLittle();
    for (let at = 0; at < 6000; at++) overload.at(at, () => void overload.askForLittle());
    overload.run(6000);
    let asked = 0;
    const ask = (who: Waiter): void => overload.ask(who, true, null, () => {}, `task ${asked++}`);
    for (const who of whos) for (let n = 0; n < 3; n++) ask(who);
    // Much of each at once, as it is read.
    for (const who of whos) for (let n = 0; n < 60; n++) ask(who);
    overload.since = overload.now;
    overload.run(20_000);
    const { all, letIn } = overload.repeats;
    assert.ok(all > 1500 && letIn / all >= 0.9, `${letIn} of ${all}`);
  });

  test("lets in who asks for little beside tasks that come at their times, also when it became slower meanwhile", () => {
    const overload = new Overload(2000, 1000);
    floods(overload, 50, 10, true);
    let refused = 0;
    for (let at = 4000; at < 40_000; at += 10)
      overload.at(at, () => {
        if (!overload.askForLittle()) refused++;
      });
    overload.run(15_000);
    overload.perMs = 0.8;
    overload.run(25_000);
    assert.equal(refused, 0);
  });

  test("says times that prove right: nine of ten who come when they were told to are let in, and none is lied to by half", () => {
    const overload = new Overload(500, 1000);
    clients(overload, 20, 50);
    overload.run(4000);
    overload.repeats = { all: 0, letIn: 0 };
    overload.waits.length = 0;
    overload.run(10_000);
    const { all, letIn } = overload.repeats;
    assert.ok(all > 500, `${all} repeats`);
    assert.ok(letIn / all >= 0.9, `${letIn} of ${all}`);
    const right = overload.waits.filter(({ toldMs, trueMs }) => trueMs <= 2 * toldMs && toldMs <= 2 * trueMs);
    assert.ok(right.length / overload.waits.length >= 0.9, `${right.length} of ${overload.waits.length}`);
  });

  test("says times that are right for most, also when it is twice as fast in one second as in the next", () => {
    const overload = new Overload(500, 1000, true);
    clients(overload, 20, 50);
    overload.run(4000);
    overload.repeats = { all: 0, letIn: 0 };
    overload.run(10_000);
    const { all, letIn } = overload.repeats;
    assert.ok(letIn / all >= 0.65, `${letIn} of ${all}`);
  });

  test("works no less than it can", () => {
    const overload = new Overload(500, 1000);
    clients(overload, 20, 50);
    overload.run(4000);
    overload.letIn = 0;
    overload.run(10_000);
    assert.ok(overload.letIn >= 9000, `${overload.letIn} in 10 s of 1,000 a second`);
  });

  test("gives who asks for little as much as who asks for a thousand, and who does not wait no more than who does", () => {
    const overload = new Overload(500, 1000);
    const modest = clients(overload, 5, 5);
    const greedy = clients(overload, 5, 500);
    const rude = clients(overload, 5, 5, false);
    overload.run(4000);
    overload.letInOf.clear();
    overload.run(15_000);
    const of = (some: Waiter[]): number =>
      some.reduce((sum, who) => sum + (overload.letInOf.get(who) ?? 0), 0);
    const fair = (of(modest) + of(greedy) + of(rude)) / 3;
    for (const some of [modest, greedy, rude])
      assert.ok(of(some) > fair / 2 && of(some) < fair * 2, `${of(modest)} ${of(greedy)} ${of(rude)}`);
  });

  test("tells many clients many times", () => {
    const overload = new Overload(100, 1000);
    clients(overload, 1, 200);
    overload.run(3000);
    const told = new Set<number>();
    for (let n = 0; n < 100; n++) {
      const refusal = overload.admission.admit("default", client(), false);
      if (refusal !== null) told.add(refusal.retryAfterMs!);
    }
    assert.ok(told.size > 30, `${told.size} different times`);
  });

  test("has a reserve for who has little unanswered and waits for it, and that is bounded too", () => {
    const admission = new Admission({ maxQueued: 100 });
    const fill = (who: Waiter, isWaitedFor: boolean): number => {
      for (let n = 0; ; n++) if (admission.admit("default", who, isWaitedFor) !== null) return n;
    };
    assert.equal(fill(client(), true), 100);
    assert.equal(fill(client(1), false), 0);
    assert.equal(fill(client(1), true), 10);
  });
});

describe("how fast tasks can end", () => {
  test("is measured only while enough wait", () => {
    const rate = new DrainRate();
    assert.equal(rate.perSecond(0), null);
    rate.ended(1000);
    rate.setBusy(true, 1000);
    rate.ended(1000);
    assert.equal(rate.perSecond(2999), null);
    rate.setBusy(false, 3000);
    rate.ended(1000);
    assert.equal(rate.perSecond(5000), 500);
    rate.setBusy(true, 6000);
    assert.equal(Math.round(rate.perSecond(7500)!), 286);
    for (let n = 0; n < 350; n++) rate.walkedIn();
    assert.equal(Math.round(rate.perSecond(7500)!), 186, "who walks in takes a part of it");
  });

  test("is known from totals too, where others end tasks; what is forgotten is no standstill", () => {
    const rate = new DrainRate();
    rate.sample(0, 100, true);
    rate.sample(1000, 300, true);
    assert.equal(rate.perSecond(1000), 200);
    rate.sample(2000, 310, false);
    assert.equal(rate.perSecond(2000), 200);
    for (let n = 3; n < 11; n++) rate.sample(n * 1000, 310, true);
    assert.equal(rate.perSecond(11_000), 0);
    rate.sample(12_000, 50, true);
    rate.sample(13_000, 150, true);
    assert.equal(rate.perSecond(13_000), 100);
  });
});
