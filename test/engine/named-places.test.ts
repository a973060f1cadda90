/** Places of tasks that have a name. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NamedPlaces } from "../../src/engine/named-places.ts";

const STEP = 100;
const LONGEST = 300_000;
const give = (places: NamedPlaces, sender: object, task: string, now: number): number =>
  places.give(sender, task, now, STEP, LONGEST, 0.5);

describe("places of named tasks", () => {
  test("are a step apart for each sender, and each task finds its own at its time", () => {
    const places = new NamedPlaces();
    const [one, other] = [{}, {}];
    assert.equal(give(places, one, "a", 0), 100);
    assert.equal(give(places, one, "b", 0), 200);
    assert.equal(give(places, other, "c", 0), 100);
    assert.equal(places.take("b", 100), false, "it is not its time");
    assert.equal(places.waits("b", 150), 50);
    assert.equal(places.take("d", 100), false, "it was told nothing");
    assert.equal(places.take("b", 200), true);
    assert.equal(places.take("b", 200), false, "once");
    assert.equal(places.take("a", 500), true);
    assert.equal(places.senders, 1);
  });

  test("are a task's also when its sender comes over another connection, and nothing is left of them then", () => {
    const places = new NamedPlaces();
    const [before, after] = [{}, {}];
    give(places, before, "a", 0);
    assert.equal(places.waits("a", 50), 50);
    assert.equal(give(places, after, "a", 100), 100, "there was no room: it comes again");
    assert.equal(places.senders, 1);
    assert.equal(places.take("a", 200), true);
    assert.equal(places.senders, 0);
  });

  test("who comes at its time and finds no room comes a step later, one after another", () => {
    const places = new NamedPlaces();
    const sender = {};
    for (const task of ["a", "b", "c"]) give(places, sender, task, 0);
    assert.deepEqual(
      ["a", "b"].map((task) => give(places, sender, task, 250)),
      [100, 200],
    );
    assert.equal(give(places, sender, "d", 250), 150, "behind the last that was told");
  });

  test("that are too far off are not kept, and a sender without any is not remembered", () => {
    const places = new NamedPlaces();
    const sender = {};
    assert.equal(places.give(sender, "a", 0, 2 * LONGEST, LONGEST, 0.5), LONGEST);
    assert.equal(places.senders, 0);
    assert.equal(places.take("a", LONGEST), false);
  });

  test("are forgotten when nobody comes for long", () => {
    const places = new NamedPlaces();
    const sender = {};
    for (let n = 0; n < 100; n++) give(places, sender, `${n}`, 0);
    places.forgetLate(1000);
    assert.equal(places.senders, 1);
    // What comes meanwhile does not keep the others.
    for (let n = 0; n < 5; n++) places.forgetLate(25_000);
    assert.equal(places.senders, 0);
  });
});
