import assert from "node:assert/strict";
import { test } from "node:test";
import { TandaError } from "../../src/task/errors.ts";
import { patiently } from "../../src/worker/patiently.ts";

const away = new TandaError("unavailable", "away", { retryAfterMs: 1000 });
const endless = (): AbortSignal => new AbortController().signal;

test("what is away is asked again until it is back", async () => {
  let asked = 0;
  const answer = patiently(async () => {
    if (++asked < 3) throw away;
    return "here";
  }, endless);
  assert.equal(await answer, "here");
  assert.equal(asked, 3);
});

test("what will not come back, is no fault of the keeper, or takes too long is told at once", async () => {
  for (const error of [
    new TandaError("unavailable", "closed"),
    new TandaError("busy", "full", { retryAfterMs: 1 }),
    new TandaError("not_found", "none"),
    new Error("another"),
  ]) {
    let asked = 0;
    const asking = patiently(async () => {
      asked++;
      throw error;
    }, endless);
    await assert.rejects(asking, error);
    assert.equal(asked, 1);
  }
  await assert.rejects(
    patiently(() => Promise.reject(away), endless, 100),
    away,
  );
});

test("the end of the run ends the wait", async () => {
  const run = new AbortController();
  const asking = patiently(
    () => Promise.reject(away),
    () => run.signal,
  );
  setTimeout(() => run.abort(new Error("cancelled")), 50);
  const begun = performance.now();
  await assert.rejects(asking, { name: "AbortError" });
  assert.ok(performance.now() - begun < 30_000);
});
