import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EmbeddedQueue } from "../../src/queue/embedded.ts";
import type { Message } from "../../src/queue/queue.ts";
import { Turns, TurnOrder } from "../../src/queue/turns.ts";
import { message } from "./queue-contract.ts";

const [a, b, c] = [{ name: "a" }, { name: "b" }, { name: "c" }];

class Line extends Turns<string> {
  readonly order: TurnOrder;

  constructor(order = new TurnOrder()) {
    super(order, () => true);
    this.order = order;
  }
}

function takeAll(turns: Line, most = Infinity): string {
  let taken = "";
  while (taken.length / 2 < most) {
    const [fresh, other] = [turns.first(true), turns.first(false)];
    if (fresh === undefined && other === undefined) break;
    const isNew = fresh !== undefined && (turns.order.isNewNext || other === undefined);
    turns.order.isNewNext = !isNew;
    taken += turns.take(isNew);
  }
  return taken;
}

describe("senders in one line", () => {
  test("of one sender all go in order", () => {
    const turns = new Line();
    for (const n of [1, 2, 3]) turns.push(a, `a${n}`);
    assert.equal(takeAll(turns), "a1a2a3");
  });

  test("of many, each gives one in turn, whoever came first and however many it has", () => {
    const turns = new Line();
    for (const n of [1, 2, 3, 4]) turns.push(a, `a${n}`);
    for (const n of [1, 2]) turns.push(b, `b${n}`);
    turns.push(c, "c1");
    assert.equal(takeAll(turns).length, 14);
    for (const n of [1, 2, 3]) turns.push(a, `a${n}`);
    for (const n of [1, 2, 3]) turns.push(b, `b${n}`);
    assert.match(takeAll(turns, 5), /b1.*b2/);
  });

  test("who had nothing waiting is served next but one, beside a thousand who have", () => {
    const turns = new Line();
    for (let n = 0; n < 1000; n++) {
      const key = {};
      for (let each = 0; each < 50; each++) turns.push(key, "..");
    }
    takeAll(turns, 2000);
    turns.push(a, "a1");
    assert.match(takeAll(turns, 2), /a1/);
    assert.equal(takeAll(turns).length / 2, 48_000 - 1);
  });

  test("new ones without end do not stop the old", () => {
    const turns = new Line();
    for (let n = 0; n < 10; n++) turns.push(a, "a!");
    let old = 0;
    for (let n = 0; n < 100; n++) {
      turns.push({}, "..");
      if (takeAll(turns, 1) === "a!") old++;
    }
    assert.equal(old, 10);
  });

  test("who has nothing waiting any more is not remembered for a line that goes, however many lines there are", () => {
    const busy = new Line();
    busy.push(a, "a1");
    for (let n = 0; n < 100; n++) {
      const other = new Line(busy.order);
      for (let each = 0; each < 5; each++) other.push({}, "..");
      other.push(a, "a2");
      takeAll(other);
      other.close();
    }
    assert.equal(busy.order.senders, 1);
  });

  test("what is put back goes before what its sender has waiting", () => {
    const turns = new Line();
    turns.push(a, "a2");
    turns.unshift(a, "a1");
    assert.equal(takeAll(turns), "a1a2");
  });
});

describe("the embedded queue and rides of many senders", () => {
  const ride = (sender: object, at: number): Message => ({ ...message({ at }), sender });
  /** Room for so few that a turn is of one. */
  const FEW = 10;
  const open = (): EmbeddedQueue =>
    new EmbeddedQueue({
      store: { backlog: async () => [] },
      onError: (error) => assert.fail(String(error)),
    });

  test("gives what one client sent long before what another sends now no later than the other's flood", async () => {
    await using queue = open();
    queue.publish(Array.from({ length: 5000 }, () => ride(a, 1)));
    const given = queue.take(100, () => Infinity);
    assert.equal(given.length, 100);
    const late = [ride(b, 2), ride(b, 2)];
    queue.publish(late);
    const next = queue.take(5, () => Infinity);
    for (const one of late) assert.ok(next.includes(one));
  });

  test("gives what one client sent of another action next but one, beside a flood that came long before", async () => {
    await using queue = open();
    const other = (sender: object, at: number): Message => {
      const one = ride(sender, at);
      return { ...one, spec: { ...one.spec, action: "other" } };
    };
    for (const sender of [a, b]) queue.publish(Array.from({ length: 1000 }, () => ride(sender, 1)));
    queue.take(100, () => Infinity);
    const late = [other(c, 5000), other({}, 5000)];
    queue.publish(late);
    const next = queue.take(4, () => FEW);
    for (const one of late) assert.ok(next.includes(one));
    // Without room it holds up nobody, and what has room has its turn.
    const without = other({}, 5000);
    queue.publish([without]);
    const more = queue.take(4, (action) => (action === "other" ? 0 : FEW));
    assert.ok(more.length === 4 && !more.includes(without));
    assert.equal(queue.take(5000, () => Infinity).length, 2003 - 108);
  });

  test("keeps the order of one client's, whatever the actions, and gives it no more turns for many actions", async () => {
    await using queue = open();
    const mixed = (sender: object, count: number): Message[] =>
      Array.from({ length: count }, (_, n) => {
        const one = ride(sender, 1);
        return { ...one, spec: { ...one.spec, action: `action ${(n * 7) % 5}` } };
      });
    const [ofA, ofB] = [
      mixed(a, 50),
      mixed(b, 50).map((one) => ({ ...one, spec: { ...one.spec, action: "one" } })),
    ];
    queue.publish([...ofA, ...ofB]);
    const given: Message[] = [];
    while (given.length < 60) given.push(...queue.take(1, () => FEW));
    assert.deepEqual(
      given.filter(({ sender }) => sender === a),
      ofA.slice(0, 31),
    );
    assert.deepEqual(
      given.filter(({ sender }) => sender === b),
      ofB.slice(0, 29),
    );
    // Where there is room for many a turn is of eight, for the one and for the other.
    const more = queue.take(32, () => Infinity);
    assert.deepEqual(
      more.filter(({ sender }) => sender === a),
      ofA.slice(31, 47),
    );
    assert.deepEqual(
      more.filter(({ sender }) => sender === b),
      ofB.slice(29, 45),
    );
  });

  test("keeps the order of those that name no sender, whatever their actions", async () => {
    await using queue = open();
    const all = Array.from({ length: 40 }, (_, n) => {
      const one = message({ at: 1 });
      return { ...one, spec: { ...one.spec, action: `action ${(n * n) % 7}` } };
    });
    queue.publish(all);
    assert.deepEqual(
      queue.take(40, () => Infinity),
      all,
    );
  });

  test("loses and repeats none, with some removed, taken and put back meanwhile", async () => {
    await using queue = open();
    const all = [a, b, c].flatMap((sender, n) => Array.from({ length: 50 + n }, () => ride(sender, n)));
    queue.publish(all);
    const removed = all.filter((_one, n) => n % 7 === 0);
    queue.remove(removed.map(({ spec }) => spec.id));
    const first = queue.take(20, () => Infinity);
    queue.putBack(first.slice(10));
    const rest = queue.take(1000, () => Infinity);
    const given = [...first.slice(0, 10), ...rest];
    assert.equal(new Set(given).size, given.length);
    assert.equal(given.length, all.length - removed.length);
  });
});
