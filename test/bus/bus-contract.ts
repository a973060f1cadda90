/** What every bus must do. A driver calls this with how to open one that is on the same bus as the others of this opener. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { type Bus, type Hint, MAX_HINT_CHARS } from "../../src/bus/bus.ts";

const LONG_MS = 10_000;

/** Every bus that one opener has opened is on one line with the others; another opener's are on another. */
export type BusOpener = () => Promise<() => Promise<Bus>>;

/** All that came, and how to wait for more. */
export class Heard {
  readonly hints: Hint[] = [];
  #wake: () => void = () => {};

  constructor(bus: Bus) {
    bus.onHint((hint) => {
      this.hints.push(hint);
      this.#wake();
    });
  }

  async atLeast(count: number): Promise<Hint[]> {
    const until = performance.now() + LONG_MS;
    while (this.hints.length < count) {
      if (performance.now() > until) throw new Error(`${this.hints.length} of ${count} hints came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100);
      });
    }
    return this.hints;
  }
}

export function busContract(name: string, open: BusOpener): void {
  const openThree = async (t: TestContext): Promise<[Bus, Bus, Bus]> => {
    const openOne = await open();
    const buses = await Promise.all([openOne(), openOne(), openOne()]);
    t.after(() => Promise.all(buses.map((bus) => bus.close())));
    return buses;
  };

  describe(`${name} as a bus`, () => {
    test("brings a hint to the one it is for, in order, and to nobody else", async (t) => {
      const [a, b, c] = await openThree(t);
      const [ofB, ofC] = [new Heard(b), new Heard(c)];
      const hints = Array.from({ length: 500 }, (_, n) => ({ type: "final", tasks: [`t${n}`] }));
      for (const hint of hints) assert.equal(a.send(b.address, hint), true);
      assert.deepEqual(await ofB.atLeast(500), hints);
      a.send(c.address, { type: "last" });
      assert.deepEqual(await ofC.atLeast(1), [{ type: "last" }]);
    });

    test("brings a broadcast to all others, and not back to the sender", async (t) => {
      const [a, b, c] = await openThree(t);
      const [ofA, ofB, ofC] = [new Heard(a), new Heard(b), new Heard(c)];
      a.broadcast({ type: "cancel", task: "x" });
      assert.deepEqual(await ofB.atLeast(1), [{ type: "cancel", task: "x" }]);
      assert.deepEqual(await ofC.atLeast(1), [{ type: "cancel", task: "x" }]);
      b.send(a.address, { type: "after" });
      assert.deepEqual(await ofA.atLeast(1), [{ type: "after" }]);
    });

    test("a process may send to itself", async (t) => {
      const [a] = await openThree(t);
      const heard = new Heard(a);
      a.send(a.address, { type: "note" });
      assert.deepEqual(heard.hints, [], "not within the call");
      assert.deepEqual(await heard.atLeast(1), [{ type: "note" }]);
    });

    test("has an address of its own for each", async (t) => {
      const buses = await openThree(t);
      assert.equal(new Set(buses.map(({ address }) => address)).size, 3);
    });

    test("loses what is for nobody, and goes on", async (t) => {
      const [a, b] = await openThree(t);
      const heard = new Heard(b);
      a.send("nobody-here", { type: "lost" });
      a.send(b.address, { type: "found" });
      assert.deepEqual(await heard.atLeast(1), [{ type: "found" }]);
    });

    test("refuses a hint that is too large, and goes on", async (t) => {
      const [a, b] = await openThree(t);
      const heard = new Heard(b);
      const large = { type: "large", text: "x".repeat(MAX_HINT_CHARS) };
      assert.equal(a.send(b.address, large), false);
      assert.equal(a.broadcast(large), false);
      const most = { type: "most", text: "\u20ac".repeat(MAX_HINT_CHARS - 25) };
      a.send(b.address, most);
      assert.deepEqual(await heard.atLeast(1), [most]);
    });

    test("closes twice, and sends nothing afterwards, without a word", async (t) => {
      const [a, b] = await openThree(t);
      await b.close();
      await b.close();
      b.send(a.address, { type: "late" });
      assert.equal(b.broadcast({ type: "late" }), false);
      a.send(b.address, { type: "late" });
    });
  });
}
