/** Which queues are paused or draining, by the store and by those who live; the store and the others are the test's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission, type AdmissionLimits } from "../../src/engine/admission.ts";
import type { EngineParts } from "../../src/engine/parts.ts";
import type { NodeInfo } from "../../src/fleet/presence.ts";
import { QueueModes, type Mode } from "../../src/fleet/queue-modes.ts";
import type { TandaError } from "../../src/task/errors.ts";

type States = { queue: string; mode: Mode }[];

/** One node and those beside it; what its store answers is held until it is let go. */
class Nodes {
  states: States = [];
  readonly answers: (() => void)[] = [];
  isHeld = false;
  said = 0;
  /** How the others are after so many looks. */
  others: (looks: number) => { node: number; modes?: Record<string, Mode> }[] = () => [];
  readonly admission = new Admission({} as AdmissionLimits);
  readonly paused = new Set<string>();
  #looks = 0;
  readonly modes = new QueueModes({
    parts: {
      store: {
        queueStates: () => {
          const states = [...this.states];
          if (!this.isHeld) return Promise.resolve(states);
          return new Promise((resolve) => this.answers.push(() => resolve(states)));
        },
      } as unknown as EngineParts["store"],
      admission: this.admission,
      queue: {
        pause: (queue: string) => this.paused.add(queue),
        resume: (queue: string) => this.paused.delete(queue),
      } as unknown as EngineParts["queue"],
    },
    presence: {
      look: async () =>
        this.others(this.#looks++).map(({ node, modes }) => ({ node: { node }, modes }) as NodeInfo),
    },
    tell: () => this.said++,
  });
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("modes of queues", () => {
  test("are those of the store, and are shown while they are not open", async () => {
    const nodes = new Nodes();
    nodes.states = [
      { queue: "a", mode: "paused" },
      { queue: "b", mode: "draining" },
      { queue: "c", mode: "open" },
    ];
    await nodes.modes.read();
    assert.deepEqual(nodes.modes.shown(), { a: "paused", b: "draining" });
    assert.deepEqual([...nodes.paused], ["a"]);
    nodes.states = [{ queue: "b", mode: "paused" }];
    await nodes.modes.read();
    assert.deepEqual(nodes.modes.shown(), { b: "paused" });
    assert.deepEqual([...nodes.paused], ["b"]);
  });

  test("are read anew for whoever asks while they are read: the last reading tells how it is", async () => {
    const nodes = new Nodes();
    nodes.isHeld = true;
    const first = nodes.modes.read();
    await settled();
    nodes.states = [{ queue: "a", mode: "paused" }];
    let isRead = false;
    const second = nodes.modes.read().then(() => (isRead = true));
    const third = nodes.modes.read();
    await settled();
    assert.equal(nodes.answers.length, 1, "one at a time");
    nodes.answers[0]!();
    await first;
    await settled();
    assert.deepEqual([isRead, nodes.answers.length], [false, 2]);
    nodes.answers[1]!();
    await Promise.all([second, third]);
    assert.deepEqual([...nodes.paused], ["a"]);
    assert.equal(nodes.answers.length, 2, "one for all who asked meanwhile");
  });

  test("can be read again after the store did not answer", async () => {
    const nodes = new Nodes();
    const { modes } = nodes;
    const states = nodes.states;
    nodes.states = null as unknown as States;
    await assert.rejects(modes.read());
    nodes.states = states;
    await modes.read();
  });

  test("are said again until all others show that they obey; an older version, which shows none, is not waited for", async () => {
    const nodes = new Nodes();
    nodes.states = [{ queue: "a", mode: "paused" }];
    nodes.others = (looks) => [
      { node: 1, modes: { a: "paused" } },
      { node: 2, modes: looks < 14 ? {} : { a: "paused" } },
      { node: 3 },
    ];
    await nodes.modes.spread("a");
    assert.equal(nodes.said, 2, "the first was lost");
  });

  test("that were changed again meanwhile are waited for as they are then", async () => {
    const nodes = new Nodes();
    nodes.states = [{ queue: "a", mode: "paused" }];
    nodes.others = () => [{ node: 1, modes: {} }];
    const spreading = nodes.modes.spread("a");
    await settled();
    nodes.states = [];
    await nodes.modes.read();
    await spreading;
  });

  test("that somebody does not show in time are unavailable, and it is told who", async () => {
    const nodes = new Nodes();
    nodes.states = [{ queue: "a", mode: "paused" }];
    nodes.others = () => [
      { node: 1, modes: { a: "paused" } },
      { node: 7, modes: {} },
    ];
    await assert.rejects(nodes.modes.spread("a"), (error: TandaError) => {
      assert.equal(error.code, "unavailable");
      assert.match(error.message, /^The queue a is paused, but node 7 did not tell within 6 s/);
      return true;
    });
    assert.deepEqual([...nodes.paused], ["a"], "here it holds");
  });
});
