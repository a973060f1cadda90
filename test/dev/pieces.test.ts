/** The parts that need no process: what differs, what was done twice, which trouble, what went over a wire. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { firstDifference } from "../../src/dev/first-difference.ts";
import { judge, type Ran } from "../../src/dev/judge.ts";
import { ObservedRun } from "../../src/dev/observed-run.ts";
import type { Effect } from "../../src/dev/observed.ts";
import { OutgoingReader } from "../../src/dev/outgoing-reader.ts";
import { planOf } from "../../src/dev/plan.ts";
import { Records } from "../../src/dev/records.ts";
import { differingFiles, repeatedEffects } from "../../src/dev/twice.ts";
import { tell } from "../../src/dev/words.ts";

describe("the first difference of two results", () => {
  for (const [first, second, path] of [
    [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, null],
    [{ a: 1 }, { a: 2 }, "$.a"],
    [{ b: [1, 2] }, { b: [1, 2, 3] }, "$.b[2]"],
    [{ "odd key": 1 }, {}, '$["odd key"]'],
    [{ a: { z: 1 }, b: 1 }, { a: { z: 2 }, b: 2 }, "$.a.z"],
    [[], {}, "$"],
    [null, {}, "$"],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), "$.__proto__"],
    [{ $blob: "a", bytes: 5 }, { $blob: "b", bytes: 5 }, null],
    [{ $blob: "a", bytes: 5 }, { $blob: "a", bytes: 6 }, "$.bytes"],
  ] as const) {
    test(`${JSON.stringify(first)} and ${JSON.stringify(second)}: ${path ?? "none"}`, () => {
      assert.equal(firstDifference(first, second)?.path ?? null, path);
    });
  }
});

const request = (more: Partial<Extract<Effect, { kind: "request" }>> = {}): Effect => ({
  kind: "request",
  method: "POST",
  url: "http://h/orders",
  token: null,
  namesTask: false,
  body: "x",
  ...more,
});

describe("what was done twice", () => {
  for (const [what, first, second, isTold] of [
    ["a POST", request(), request(), true],
    ["a POST with the same key", request({ token: "k" }), request({ token: "k" }), false],
    ["a POST with two keys", request({ token: "k" }), request({ token: "l" }), true],
    ["a POST that names the task", request({ namesTask: true }), request({ namesTask: true }), false],
    [
      "a POST to a new path",
      request({ url: "http://h/orders/1" }),
      request({ url: "http://h/orders/2" }),
      true,
    ],
    ["POSTs to two hosts", request({ url: "http://h/orders" }), request({ url: "http://i/orders" }), false],
    ["a GET", request({ method: "GET" }), request({ method: "GET" }), false],
    ["the same PUT", request({ method: "PUT" }), request({ method: "PUT" }), false],
    ["another PUT", request({ method: "PUT" }), request({ method: "PUT", body: "y" }), true],
  ] as const) {
    test(`${what} is ${isTold ? "told" : "fine"}`, () => {
      assert.equal(repeatedEffects([first], [second]).length, isTold ? 1 : 0);
    });
  }

  test("each of the second run stands for one of the first, and what only one run did is no repeat", () => {
    assert.equal(repeatedEffects([request()], [request(), request()]).length, 1);
    assert.equal(repeatedEffects([request()], []).length, 0);
    assert.equal(repeatedEffects([], [request()]).length, 0);
    // Though the pairs stand in another order.
    const one = request({ token: "1" });
    const other = request({ token: "2" });
    assert.deepEqual(repeatedEffects([one, other], [other, one]), []);
  });

  test("a file that is the same, or that only one run wrote, is fine", () => {
    const file = (path: string, hash: string): { path: string; bytes: number; hash: string } => ({
      path,
      bytes: 1,
      hash,
    });
    assert.deepEqual(differingFiles([file("/a", "1")], [file("/a", "1")]), []);
    assert.deepEqual(differingFiles([], [file("/a", "1")]), []);
    assert.deepEqual(differingFiles([file("/a", "1")], []), []);
    assert.equal(differingFiles([file("/a", "1")], [file("/a", "2")]).length, 1);
    assert.equal(differingFiles([file("/a", "1")], [file("/b", "1")]).length, 1);
  });
});

test("a failure that is followed by a good end is no fault, what a killed run did counts", () => {
  const run = (how: Ran["how"], effects: Effect[], outcome: Ran["outcome"]): Ran => ({
    how,
    observed: { effects, files: [], hash: null, wasAborted: false, afterAbortMs: null },
    outcome,
  });
  const done = { type: "done", json: "1" } as const;
  const failed = { type: "failed", error: { code: "task_error", message: "no" } } as const;
  assert.deepEqual(judge([run("whole", [], failed), run("whole", [], done)]), []);
  assert.equal(judge([run("whole", [], done), run("whole", [], failed)])[0]?.kind, "outcome");
  assert.equal(
    judge([run("killed", [request()], null), run("whole", [request()], done)])[0]?.kind,
    "request",
  );
});

test("the same seed plans the same trouble, another one another, and two tasks of an action get all of it", () => {
  const plans = (seed: number): unknown[] => Array.from({ length: 20 }, (_, n) => planOf(seed, "a", n));
  assert.deepEqual(plans(7), plans(7));
  assert.notDeepEqual(plans(7), plans(8));
  assert.deepEqual(planOf(1, "x", 0).steps, ["lose", "kill", "abort", "run"]);
  assert.deepEqual(planOf(1, "x", 1).steps, ["kill", "run", "run"]);
  for (let n = 0; n < 100; n++) {
    const { steps, at } = planOf(3, "x", n);
    assert.equal(steps.filter((step) => step === "run" || step === "lose").length, 2);
    assert.equal(steps.at(-1), "run");
    assert.ok(at > 0 && at < 1);
  }
});

describe("what goes over a connection", () => {
  /** What is seen of these pieces. */
  function seen(pieces: readonly string[]): readonly Effect[] {
    const dir = mkdtempSync(join(tmpdir(), "tanda-dev-test-"));
    try {
      const run = new ObservedRun(dir, "t1", 1);
      const reader = new OutgoingReader("h:1", "http");
      for (const piece of pieces) reader.read(Buffer.from(piece), run);
      run.end(null);
      return new Records(dir).take("t1", 1).effects;
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
  const told = (pieces: readonly string[]): string[] =>
    seen(pieces).map((effect) =>
      effect.kind === "request"
        ? `${effect.method} ${effect.url} ${effect.token} ${effect.namesTask}`
        : effect.kind === "submit"
          ? `submit ${effect.action} ${effect.token}`
          : effect.kind,
    );
  const HEAD = "POST /a HTTP/1.1\r\nHost: x:2\r\n";

  test("requests, whole or in pieces, with a length or in chunks, one after another", () => {
    const whole = `${HEAD}Content-Length: 4\r\n\r\nbody`;
    const chunked = `${HEAD}Transfer-Encoding: chunked\r\nIdempotency-Key: k\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n`;
    const one = "POST http://x:2/a null false";
    const other = "POST http://x:2/a k false";
    assert.deepEqual(told([whole]), [one]);
    assert.deepEqual(told(whole.split("")), [one]);
    assert.deepEqual(told(chunked.split("")), [other]);
    assert.deepEqual(told([whole + chunked + whole]), [one, other, one]);
    assert.deepEqual(told([whole.slice(0, -1)]), [], "its body has not gone out");
    const hashes = seen([whole + chunked]).map((effect) => effect.kind === "request" && effect.body);
    assert.equal(hashes[0], hashes[1], "chunks are no part of the body");
  });

  test("the task's id in the URL, a header or the body", () => {
    assert.deepEqual(told([`${HEAD}X: t1\r\n\r\n`]), ["POST http://x:2/a null true"]);
    assert.deepEqual(told([`${HEAD}Content-Length: 2\r\n\r\nt1`]), ["POST http://x:2/a null true"]);
  });

  test("lines of Tanda, and tasks for it over HTTP", () => {
    const line = `{"id":1,"action":"añadir","options":{"key":"k"}}\n`;
    assert.deepEqual(told([`${line}{"id":2,"op":"get","task":"x"}\n`, '{"id":3,"action":"b"}\n']), [
      "submit añadir k",
      "submit b null",
    ]);
    const body = `{"action":"b","options":{"key":"k"}}`;
    const post = `POST /v1/tasks?wait=1 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    assert.deepEqual(told([post]), ["POST http://x/v1/tasks?wait=1 k false"]);
  });

  test("anything else is told once, as that", () => {
    assert.deepEqual(told(["\0\0\0\x08\x04\xd2\x16/", "more"]), ["connection"]);
    assert.deepEqual(told(['{"jsonrpc":"2.0","method":"x"}\n']), ["connection"]);
    assert.deepEqual(told(["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]), ["connection"]);
  });
});

test("what comes from a handler is told short, and moves nobody's cursor", () => {
  const { says } = tell({ kind: "result", path: "$", first: `\u001b[2J${"x".repeat(5000)}`, second: 1 }, 0);
  // oxlint-disable-next-line no-control-regex -- what must not be there
  assert.doesNotMatch(says, /\u001b/);
  assert.ok(says.length < 250);
});
