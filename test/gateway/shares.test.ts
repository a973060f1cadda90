import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Shares } from "../../src/gateway/shares.ts";

const APPETITE = 100;
const SMALL = 100;

function open(): { shares: Shares; pass: (ms: number) => void } {
  let now = 1000;
  const shares = new Shares(
    () => APPETITE,
    () => now,
  );
  shares.turn();
  return {
    shares,
    pass(ms) {
      now += ms;
      shares.turn();
    },
  };
}

describe("shares of connections in what is in flight", () => {
  test("who is alone has all it wants as long as the workers are hungry, and then what keeps them busy", () => {
    const { shares } = open();
    const one = shares.open();
    for (let n = 0; n < APPETITE; n++) {
      assert.ok(one.hasRoom);
      one.begin(SMALL);
    }
    assert.ok(!one.hasRoom);
    assert.ok(shares.open().hasRoom);
  });

  test("two have half each, and an end makes room", () => {
    const { shares } = open();
    const [one, two] = [shares.open(), shares.open()];
    const born: number[] = [];
    for (let n = 0; n < 90; n++) born.push(one.begin(SMALL));
    for (let n = 0; n < 10; n++) two.begin(SMALL);
    assert.ok(!one.hasRoom);
    assert.ok(two.hasRoom);
    for (const bornIn of born.splice(0, 41)) one.end(bornIn, SMALL);
    assert.ok(one.hasRoom);
  });

  test("each may have a few, however many there are", () => {
    const { shares } = open();
    for (let n = 0; n < 1000; n++) shares.open().begin(SMALL);
    const late = shares.open();
    for (let n = 0; n < 8; n++) {
      assert.ok(late.hasRoom);
      late.begin(SMALL);
    }
    assert.ok(!late.hasRoom);
  });

  test("what has been in flight for a second counts no more, and who waits is told", () => {
    const { shares, pass } = open();
    const one = shares.open();
    const born = Array.from({ length: APPETITE }, () => one.begin(SMALL));
    let told = 0;
    shares.whenOlder(() => told++);
    pass(500);
    assert.equal(told, 1);
    assert.ok(!one.hasRoom);
    pass(500);
    assert.ok(one.hasRoom);
    // Their ends, late, take nothing from what is fresh.
    one.begin(SMALL);
    for (const bornIn of born) one.end(bornIn, SMALL);
    for (let n = 1; n < APPETITE; n++) one.begin(SMALL);
    assert.ok(!one.hasRoom);
  });

  test("a connection that goes leaves its share to the others", () => {
    const { shares, pass } = open();
    const [gone, stays] = [shares.open(), shares.open()];
    for (let n = 0; n < APPETITE; n++) gone.begin(SMALL);
    for (let n = 0; n < 50; n++) stays.begin(SMALL);
    assert.ok(!stays.hasRoom);
    gone.drop();
    assert.ok(stays.hasRoom);
    pass(1000);
    assert.ok(stays.hasRoom);
  });

  test("what is large counts for many, and takes that many with it when it ends", () => {
    const { shares } = open();
    const [large, small] = [shares.open(), shares.open()];
    const mib = 1024 * 1024;
    const born = Array.from({ length: 4 }, () => large.begin(mib));
    assert.ok(!large.hasRoom, "four of a mebibyte are more than a hundred small ones");
    for (let n = 0; n < 40; n++) small.begin(SMALL);
    assert.ok(small.hasRoom, "who sends little has its share");
    for (const bornIn of born) large.end(bornIn, mib);
    for (let n = 0; n < 40; n++) large.begin(SMALL);
    assert.ok(large.hasRoom);
  });
});
