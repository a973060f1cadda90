import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { openInHandFile } from "../../src/worker/in-hand-file.ts";

async function file(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tanda-test-"));
  t.after(() => rm(dir, { recursive: true }));
  return join(dir, "in-hand");
}

/** What the next life reads when this one is killed now. */
const left = (path: string): string[] => [...openInHandFile(path).left.ids];

test("who was handed over is named after a kill, in as many pieces as it came", async (t) => {
  const path = await file(t);
  const { log } = openInHandFile(path);
  assert.equal(log.add(["a", "b"]), true);
  assert.equal(log.add(["c"]), true);
  assert.deepEqual(left(path), ["a", "b", "c"]);
});

test("what is written anew forgets what ended, and names who runs alone apart", async (t) => {
  const path = await file(t);
  const { log } = openInHandFile(path);
  log.add(["a-long-name", "another-long-name"]);
  log.write(["b"], ["x"]);
  log.add(["c"]);
  const { left } = openInHandFile(path);
  assert.deepEqual([...left.ids], ["b", "c"]);
  assert.deepEqual([...left.alone], ["x"]);
});

test("it asks to be written anew before it grows without end", async (t) => {
  const path = await file(t);
  const { log } = openInHandFile(path);
  const batch = Array.from(
    { length: 100 },
    (_, n) => `019a9c0e-1b2c-7000-8000-${String(n).padStart(12, "0")}`,
  );
  let times = 1;
  while (log.add(batch)) times++;
  assert.ok(times > 10);
  log.write(["a"], []);
  assert.ok((await stat(path)).size < 10);
  assert.equal(log.add(batch), true);
});

test("when nothing is in hand it soon names nobody, unless something comes meanwhile", async (t) => {
  const path = await file(t);
  const { log } = openInHandFile(path);
  t.after(() => log.close());
  log.add(["a"]);
  log.idle();
  assert.deepEqual(left(path), ["a"]);
  log.add(["b"]);
  await delay(700);
  assert.deepEqual(left(path), ["a", "b"]);
  log.idle();
  while (left(path).length > 0) await delay(20);
  log.add(["c"]);
  assert.deepEqual(left(path), ["c"]);
});

test("after an orderly end it names nobody", async (t) => {
  const path = await file(t);
  const { log } = openInHandFile(path);
  log.add(["a"]);
  log.close();
  assert.deepEqual(left(path), []);
});

test("who is killed while starting forgets nothing that the life before left", async (t) => {
  const path = await file(t);
  openInHandFile(path).log.add(["a"]);
  openInHandFile(path);
  assert.deepEqual(left(path), ["a"]);
  openInHandFile(path).log.add(["b"]);
  assert.deepEqual(left(path), ["a", "b"]);
});

test("a writing that was cut short before the older one behind it was cut off is read as far as it goes", async (t) => {
  const path = await file(t);
  await writeFile(path, "b\n.\nold\nolder\n.\n");
  const { log } = openInHandFile(path);
  log.add(["c"]);
  assert.deepEqual(left(path), ["b", "c"]);
});
