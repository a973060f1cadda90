/** Handlers that may run twice are told fine, those that may not are told why, by real pool processes in real trouble. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { ActionReport } from "../../src/dev/findings.ts";
import { verdictOf } from "../../src/dev/report.ts";
import { CountingServer, rehearse, rehearseAtOnce } from "./rehearse.ts";

const folder = mkdtempSync(join(tmpdir(), "tanda-dev-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function assertFine(report: ActionReport): void {
  assert.deepEqual(report.faults, [], report.action);
  assert.equal(verdictOf(report), "fine", report.action);
}

/** One fault, that says this. */
function assertFault(report: ActionReport, kind: string, says: RegExp, advice: RegExp): void {
  assert.equal(verdictOf(report), "differs", report.action);
  assert.equal(report.faults.length, 1, JSON.stringify(report.faults));
  const [fault] = report.faults;
  assert.equal(fault!.kind, kind);
  assert.match(fault!.says, says);
  assert.match(fault!.advice, advice);
}

describe("results", () => {
  test("a handler that depends on its payload alone is fine, also killed in the middle", async () => {
    const { of, results, events } = await rehearse(() => [
      ["pure", "a b"],
      ["slow", "x"],
      ["slow", "y"],
    ]);
    assertFine(of("pure"));
    assertFine(of("slow"));
    assert.deepEqual(results, [{ length: 3, reversed: ["b", "a"] }, "X", "Y"]);
    assert.ok(of("pure").repeats >= 1);
    assert.ok(of("slow").killed >= 1, JSON.stringify(of("slow")));
    assert.ok(of("slow").lostAcknowledgements >= 1);
    assert.ok(of("slow").runs >= 5);
    for (const type of ["lost", "again", "killed"]) assert.ok(events.some((event) => event.type === type));
  });

  test("chance and the time in a result are told with their path, and what they look like", async () => {
    const { of } = await rehearse(() => [["random"], ["dated"]]);
    assertFault(of("random"), "result", /at \$\.made\.id: "[0-9a-f-]{36}", then "/, /an id made anew/);
    assertFault(of("dated"), "result", /at \$\.createdAt: "\d{4}-/, /the time of the run/);
  });

  test("a handler that fails when its work is done already is told so", async () => {
    const { of } = await rehearse(() => [["notTwice", { file: join(folder, "once") }]]);
    assertFault(of("notTwice"), "outcome", /fails when it runs again: task_error: it is there/, /notice/);
  });
});

describe("files", () => {
  test("a counter, a line more and a new name each time are told; the same contents are fine", async () => {
    const at = (file: string): { file: string } => ({ file: join(folder, file) });
    const { of } = await rehearse(() => [
      ["counts", at("count")],
      ["appends", at("lines")],
      ["scatters", at("piece")],
      ["writes", at("whole")],
    ]);
    assertFault(of("counts"), "file", /count otherwise when it runs again: 1 byte, then 1 other/, /do not/);
    assertFault(of("appends"), "file", /lines otherwise .*: \d+ bytes, then \d+/, /append/);
    assertFault(of("scatters"), "file", /another file each time: .*piece-/, /idempotencyKey/);
    assertFine(of("writes"));
    assert.notEqual(readFileSync(join(folder, "count"), "utf8"), "1");
  });
});

describe("requests", () => {
  test("a POST is told when nothing lets its receiver see a repeat, and fine with the task's own key", async () => {
    await using server = await CountingServer.open();
    const { url } = server;
    const { of } = await rehearse(() => [
      ["posts", { url }],
      ["postsWithKey", { url }],
      ["postsWithNewKeys", { url }],
      ["puts", { url }],
    ]);
    assertFault(of("posts"), "request", /POST http:\/\/127\.0\.0\.1:\d+\/charges twice/, /Idempotency-Key/);
    assertFine(of("postsWithKey"));
    assertFault(of("postsWithNewKeys"), "request", /another Idempotency-Key/, /same one in every attempt/);
    assertFine(of("puts"));
    const without = server.requests.filter((request) => request === "POST /charges without");
    assert.ok(without.length >= 2, "it was not sent twice");
    const keys = new Set(server.requests.slice(without.length).map((request) => request.split(" ")[2]));
    const times = server.requests.filter((request) => request.endsWith([...keys][0]!)).length;
    assert.ok(times >= 2, "the key of a task changes from run to run");
  });
});

test("a handler that notes what it did is found out by being killed before it notes it", async () => {
  await using server = await CountingServer.open();
  const tasks = Array.from(
    { length: 2 },
    (_, n) => ["postsAndNotes", { url: server.url, file: join(folder, `noted-${n}`) }] as const,
  );
  const { of, events } = await rehearse(() => tasks);
  assertFault(of("postsAndNotes"), "request", /charges twice/, /Idempotency-Key/);
  assert.ok(server.requests.length > tasks.length);
  assert.ok(events.some((event) => event.type === "killed"));
});

test("programs and foreign protocols are told without being judged", async () => {
  await using server = await CountingServer.open();
  const { of } = await rehearse(() => [["foreign", { url: server.url }]]);
  assertFine(of("foreign"));
  const told = of("foreign").unseen.map(({ kind, says }) => `${kind} ${says}`);
  assert.equal(told.length, 2, told.join("\n"));
  assert.match(
    told.sort().join("\n"),
    /connection talks with 127\.0\.0\.1:\d+ .*\nprocess starts "true word"/,
  );
});

test("many at once, killed with their neighbours, all end as they should", async () => {
  const { of, results } = await rehearseAtOnce("slow", 16);
  assert.deepEqual(
    results,
    Array.from({ length: 16 }, (_, n) => `X${n}`),
  );
  assertFine(of("slow"));
  assert.equal(of("slow").tasks, 16);
  assert.ok(of("slow").killed > 0);
});

describe("tasks that a handler sends", () => {
  test("without a key there are two of them, with one it is one", async () => {
    const { of } = await rehearse((url) => [["submits", { url }]]);
    assertFault(
      of("submits"),
      "submit",
      /submits a task of pure twice/,
      /key: `\$\{context\.idempotencyKey}:pure`/,
    );
    assert.ok(of("pure").tasks >= 2);
    const keyed = await rehearse((url) => [["submitsWithKey", { url }]]);
    assertFine(keyed.of("submitsWithKey"));
    assert.equal(keyed.of("pure").tasks, 1);
  });
});

describe("handlers that do not end as they should", () => {
  test("one that goes on after its signal was aborted is told, one that hears it is fine", async () => {
    const { of, events } = await rehearse(() => [["deaf"], ["obeys"]]);
    assertFault(of("deaf"), "abort", /more than a second after its signal/, /signal/);
    assertFine(of("obeys"));
    for (const action of ["deaf", "obeys"]) assert.equal(of(action).aborted, 1);
    const heard = events.find((event) => event.type === "aborted" && event.action === "obeys");
    assert.ok(heard?.type === "aborted" && heard.afterMs !== null);
  });

  test("one that ends its thread was never compared, and is told as failed", async () => {
    const { of, results } = await rehearse(() => [["exits"], ["pure", "after it"]]);
    assert.equal(verdictOf(of("exits")), "failed");
    assert.equal(of("exits").lastError?.code, "crashed");
    assert.match(String(results[0]), /process\.exit\(3\)/);
    assertFine(of("pure"));
  });

  test("one that kills its whole process is told, and charged for it as everywhere", async () => {
    const { of, results } = await rehearse(() => [["killsItself"], ["pure", "after it"]]);
    assert.equal(verdictOf(of("killsItself")), "failed");
    assert.match(String(results[0]), /SIGKILL/);
    assertFine(of("pure"));
  });
});
