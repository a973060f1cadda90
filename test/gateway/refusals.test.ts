/** Who is told `busy` again and again is not read for a while, and nobody else notices. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Submission, Waiter } from "../../src/engine/engine.ts";
import { Refusals, type RefusalsOfOne } from "../../src/gateway/refusals.ts";
import { TandaError } from "../../src/task/errors.ts";
import { dial, openGateway, type Opened } from "./open-gateway.ts";

const BUSY = {
  status: "failed",
  task: null,
  error: new TandaError("busy", "full", { retryAfterMs: 1000 }).toBody(),
} as const;
const DONE = { status: "done", task: "t", result: "1", resultBlob: null } as const;

function refuse(one: RefusalsOfOne, times: number): void {
  for (let n = 0; n < times; n++) one.note(BUSY);
}

describe("refusals", () => {
  /** Time goes on when it is told to. */
  function open(t: TestContext): { all: Refusals; pass: (ms: number) => void } {
    let now = 0;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const pass = (ms: number): void => {
      for (const end = now + ms; now < end;) {
        now++;
        t.mock.timers.tick(1);
      }
    };
    return { all: new Refusals(5000, () => now), pass };
  }

  test("who is refused seldom never rests, whatever others do", (t) => {
    const { all, pass } = open(t);
    const [insistent, modest] = [all.of(() => {}), all.of(() => {})];
    for (let second = 0; second < 10; second++) {
      refuse(insistent, 2000);
      refuse(modest, 4);
      assert.ok(insistent.isResting);
      assert.ok(!modest.isResting);
      pass(1000);
    }
  });

  test("no more than some thousands a second of all together, each in its turn", (t) => {
    const { all, pass } = open(t);
    let refused = 0;
    const times = Array.from({ length: 100 }, () => 0);
    const insist = (n: number): void => {
      times[n]!++;
      refused += 110;
      refuse(ones[n]!, 110);
    };
    const ones: RefusalsOfOne[] = times.map((_, n) => all.of(() => insist(n)));
    for (const n of times.keys()) while (!ones[n]!.isResting) insist(n);
    const before = refused;
    pass(10_000);
    assert.ok(refused - before > 40_000 && refused - before < 60_000, `${refused - before} in ten seconds`);
    assert.ok(Math.max(...times) - Math.min(...times) <= 11, times.join());
  });

  test("of who is answered much, as many more are refused as a part of that", (t) => {
    const { all, pass } = open(t);
    const [one, other] = [all.of(() => {}), all.of(() => {})];
    refuse(one, 2000);
    for (let n = 0; n < 8000; n++) other.note(DONE);
    pass(25);
    assert.ok(!one.isResting);
  });

  test("nobody rests for longer than some seconds, however many were refused", (t) => {
    const { all, pass } = open(t);
    const [one, other] = [all.of(() => {}), all.of(() => {})];
    refuse(one, 1_000_000);
    pass(100);
    refuse(one, 50);
    refuse(other, 50);
    pass(4900);
    assert.ok(one.isResting && other.isResting);
    pass(200);
    assert.ok(!one.isResting && !other.isResting);
  });

  test("who is gone rests no more", (t) => {
    const { all, pass } = open(t);
    let rested = 0;
    const one = all.of(() => rested++);
    refuse(one, 2000);
    one.close();
    pass(10_000);
    assert.equal(rested, 0);
  });
});

/** An engine that is full. @returns how often it said so. */
function fill({ engine }: Opened): () => number {
  let refused = 0;
  engine.submit = (submissions: readonly Submission[], waiter: Waiter) => {
    for (const { token, action } of submissions) {
      if (action === "upper") waiter.answer(token, { ...DONE, task: "t" });
      else {
        refused++;
        waiter.answer(token, BUSY);
      }
    }
  };
  return () => refused;
}

/** Enough for a connection to be told fifty times what it owes, and then to wait for seconds. */
const FEW = { limits: { refusals: 10 } };
const LATER_MS = 500;
const ask = (action: string): string => `{"action":"${action}"}\n`;

function httpAsk(action: string, more = ""): string {
  const body = JSON.stringify({ action });
  return `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nPrefer: wait=10\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

describe("a full node", () => {
  test("does not read lines of who insists, and others' as ever; what was let in is answered, and later all is", async (t) => {
    const opened = await openGateway(t, FEW);
    const refused = fill(opened);
    const [insistent, modest] = [await dial(t, opened.port), await dial(t, opened.port)];
    // It may go on after the first fifty, and owes them.
    for (const times of [50, 100]) {
      for (let n = 0; n < 50; n++) insistent.send(ask("full"));
      await insistent.lines(times);
    }
    insistent.send(ask("full"));
    await delay(LATER_MS);
    assert.equal(refused(), 100);
    modest.send(ask("upper"));
    assert.match((await modest.lines(1))[0]!, /"done"/);
    modest.send(ask("full"));
    assert.match((await modest.lines(2))[1]!, /"busy"/);
    await insistent.lines(101);
  });

  for (const [way, more] of [
    ["read here", ""],
    ["read by Node", "X-Whatever: 1\r\nExpect: 100-continue\r\n"],
  ] as const)
    test(`lets who insists over HTTP, ${way}, wait for his turn, and others not`, async (t) => {
      const opened = await openGateway(t, FEW);
      const refused = fill(opened);
      const [insistent, modest] = [await dial(t, opened.port), await dial(t, opened.port)];
      const answers = (): number => insistent.text.split("429 Too Many").length - 1;
      let asked = 0;
      const insist = async (): Promise<void> => {
        insistent.send(httpAsk("full", more));
        asked++;
        await insistent.until(() => answers() === asked);
      };
      for (let n = 0; n < 99; n++) await insist();
      let isAnswered = false;
      const next = insist()
        .then(insist)
        .then(() => (isAnswered = true));
      await delay(LATER_MS);
      assert.ok(!isAnswered);
      assert.ok(refused() <= 101, `${refused()}`);
      modest.send(httpAsk("upper", more));
      await modest.until(() => modest.text.includes("200 OK"));
      await next;
      assert.equal(answers(), 101);
    });

  test("counts each task of a bulk request, and has told all of them", async (t) => {
    const opened = await openGateway(t, FEW);
    fill(opened);
    const tasks = Array.from({ length: 100 }, () => ({ action: "full" }));
    const ask = (): Promise<Response> =>
      fetch(`${opened.url}/v1/tasks/bulk`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ tasks }),
      });
    await (await ask()).text();
    let isAnswered = false;
    const next = ask().then((response) => {
      isAnswered = true;
      return response.json() as Promise<{ tasks: { error: { code: string } }[] }>;
    });
    await delay(LATER_MS);
    assert.ok(!isAnswered);
    assert.deepEqual(new Set((await next).tasks.map(({ error }) => error.code)), new Set(["busy"]));
  });
});
