/** Retention in a real node, on a real folder: by age and count, beside traffic; and blobs after their tasks. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openFileBlobs } from "../../src/blobs/files.ts";
import { BLOB_GRACE_MS, sweepBlobs } from "../../src/node/duties/blob-sweep.ts";
import { pace } from "../../src/node/duties/janitor.ts";
import { startNode, type TandaNode } from "../../src/node/start-node.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { isFinal } from "../../src/task/state.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import {
  claim,
  DONE,
  FAILED,
  finish,
  newSpec,
  PATIENT,
  ride,
  simple,
  submit,
} from "../store/sample-events.ts";

const HOUR_MS = 3_600_000;
const MANY = 60_000;
/** Ends cannot be waited for with an event: nobody is told when a finished task is deleted. */
const LOOK_EVERY_MS = 5;

async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-janitor-"));
  t.after(() => dir.remove());
  return dir.path;
}

/** Rows as a node would have written them at that time. */
function specsAt(count: number, at: number, more: Partial<TaskSpec> = {}): TaskSpec[] {
  const makeId = createIdMaker(1, () => at, Math.random);
  return Array.from({ length: count }, () => newSpec({ id: makeId(), createdAt: at, ...more }));
}

async function applyAll(store: Store, events: readonly TaskEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += 5000) await store.apply(events.slice(from, from + 5000));
}

/** A task in each state that is not final, all made long ago. @returns their ids by state. */
async function seedUnfinished(store: Store, at: number): Promise<Map<string, string>> {
  const [queued, scheduled, retrying] = [
    specsAt(1, at, { queue: "held" })[0]!,
    specsAt(1, at, { dueAt: at + 1000 * HOUR_MS })[0]!,
    specsAt(1, at, {
      policy: {
        ...PATIENT,
        backoff: { ...PATIENT.backoff, delayMs: 1000 * HOUR_MS, maxDelayMs: 1000 * HOUR_MS },
      },
    })[0]!,
  ];
  await store.setQueue({ queue: "held", mode: "paused" });
  await store.apply([
    submit(queued, at),
    submit(scheduled, at),
    submit(retrying, at),
    claim(retrying.id, 1, at),
    finish(retrying.id, 1, FAILED, at),
  ]);
  return new Map([
    ["queued", queued.id],
    ["scheduled", scheduled.id],
    ["retrying", retrying.id],
  ]);
}

async function finishedCount(node: TandaNode): Promise<number> {
  const { counts } = await node.client.$.stats();
  return counts.reduce((sum, one) => (isFinal(one.state) ? sum + one.count : sum), 0);
}

async function untilFinished(node: TandaNode, isEnough: (count: number) => boolean): Promise<number> {
  for (;;) {
    const count = await finishedCount(node);
    if (isEnough(count)) return count;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

describe("the janitor", () => {
  test("removes sixty thousand old tasks while others are answered, and nothing that is not final", async (t) => {
    const data = await temporaryFolder(t);
    const at = Date.now() - 100 * HOUR_MS;
    let unfinished: Map<string, string>;
    const fresh = specsAt(50, Date.now() - HOUR_MS);
    {
      await using store = await openSqliteStore({ path: join(data, "tanda.db") });
      unfinished = await seedUnfinished(store, at);
      const old = specsAt(MANY, at);
      await applyAll(
        store,
        old.map((spec, n) => ride(spec, n % 2 === 0 ? DONE : FAILED, at)),
      );
      await applyAll(
        store,
        fresh.map((spec) => ride(spec, DONE, spec.createdAt)),
      );
    }
    await using node = await startNode({ data, threads: 1, retentionMs: 50 * HOUR_MS });
    const begun = await untilFinished(node, (count) => count < MANY);
    assert.ok(begun > fresh.length, "it was all gone at once: nothing could be seen beside it");
    const answered: string[] = [];
    while ((await finishedCount(node)) > fresh.length + answered.length) {
      const { task } = await node.client.$.submit("upper", `n${answered.length}`);
      assert.equal((await node.client.$.wait(task)).result, `N${answered.length}`);
      answered.push(task);
    }
    t.diagnostic(`${answered.length} tasks were submitted and answered meanwhile`);
    assert.ok(answered.length >= 5, `only ${answered.length} tasks were answered meanwhile`);
    for (const [state, task] of unfinished) assert.equal((await node.client.$.get(task)).state, state);
    for (const task of [...answered, ...fresh.map(({ id }) => id)])
      assert.equal((await node.client.$.get(task)).state, "done");
  });

  test("keeps as many finished tasks as it may, the newest, and all that is not final", async (t) => {
    const data = await temporaryFolder(t);
    const at = Date.now() - HOUR_MS;
    let unfinished: Map<string, string>;
    const old = specsAt(3000, at);
    const fresh = specsAt(100, at + 1000);
    {
      await using store = await openSqliteStore({ path: join(data, "tanda.db") });
      unfinished = await seedUnfinished(store, at);
      await applyAll(
        store,
        [...old, ...fresh].map((spec) => ride(spec, DONE, at + 2000)),
      );
    }
    await using node = await startNode({ data, threads: 1, maxFinished: 100 });
    await untilFinished(node, (count) => count <= 100);
    assert.equal(await finishedCount(node), 100);
    for (const [state, task] of unfinished) assert.equal((await node.client.$.get(task)).state, state);
    for (const { id } of fresh) assert.equal((await node.client.$.get(id)).state, "done");
    await assert.rejects(node.client.$.get(old[0]!.id), { code: "not_found" });
    // One more that ends makes the oldest of those go.
    const { task } = await node.client.$.submit("upper", "x");
    await node.client.$.wait(task);
    while (
      await node.client.$.get(fresh[0]!.id).then(
        () => true,
        () => false,
      )
    )
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    assert.equal((await node.client.$.get(task)).state, "done");
  });

  test("a task's own retention ends it sooner, as asked", async () => {
    await using node = await startNode({ data: ":memory:", actions: {}, threads: 1 });
    const short = await node.client.$.submit("upper", "x", { retention: "1ms" });
    const long = await node.client.$.submit("upper", "x");
    await Promise.all([node.client.$.wait(short.task), node.client.$.wait(long.task)]);
    while (
      await node.client.$.get(short.task).then(
        () => true,
        () => false,
      )
    )
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    assert.equal((await node.client.$.get(long.task)).state, "done");
  });
});

test("the more bites leave something over, the shorter the rests between them, down to a few milliseconds", () => {
  const restAfter = pace();
  const rests = Array.from({ length: 40 }, () => restAfter(1000));
  for (let i = 1; i < rests.length; i++) assert.ok(rests[i]! <= rests[i - 1]!, String(rests));
  assert.ok(rests[0]! / rests.at(-1)! >= 3, String(rests));
  // None is so short that the writer does nothing but delete.
  assert.ok(rests.at(-1)! > 1, String(rests));
  // A bite that only looked is in no hurry.
  assert.ok(restAfter(0) > rests[0]!);
  assert.equal(pace()(1000), rests[0]);
});

describe("the sweep of blobs", () => {
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

  test("deletes blobs whose tasks are gone, however many others come first, and no other", async (t) => {
    const dir = await temporaryFolder(t);
    await using store = await openSqliteStore({ path: join(dir, "tanda.db") });
    await using blobs = await openFileBlobs({ dir: join(dir, "blobs") });
    const put = async (text: string, ageMs: number): Promise<string> => {
      const { id } = await blobs.put(text);
      const at = (Date.now() - ageMs) / 1000;
      await utimes((await blobs.file(id))!, at, at);
      return id;
    };
    const old = BLOB_GRACE_MS + HOUR_MS;
    const referring = (id: string): TaskSpec => newSpec({ payload: "", payloadBlob: id });
    // More than a page of blobs that are still needed.
    const needed = await Promise.all(Array.from({ length: 1200 }, (_, n) => put(`needed ${n}`, old)));
    const keepers = needed.map(referring);
    await applyAll(
      store,
      keepers.map((spec, n) => (n % 2 ? submit(spec) : ride(spec))),
    );
    const done = await Promise.all(Array.from({ length: 30 }, (_, n) => put(`done ${n}`, old)));
    const finished = done.map(referring);
    await applyAll(
      store,
      finished.map((spec) => ride(spec)),
    );
    const link = await put("named inside a result", old);
    const linking = newSpec();
    await store.apply([
      ride(linking, { type: "done", result: `{"file":{"$blob":"${link}"}}`, resultBlob: null }),
    ]);
    const shared = await put("two tasks have it", old);
    const [one, other] = [referring(shared), referring(shared)];
    await store.apply([ride(one), ride(other)]);
    const young = await put("young and nobody's", BLOB_GRACE_MS - HOUR_MS);
    const orphan = await put("old and nobody's", old);

    const sweep = (): Promise<void> => sweepBlobs({ store, blobs, now: Date.now, isStopped: () => false });
    const isThere = (id: string): Promise<boolean> =>
      blobs.stat(id).then(
        () => true,
        () => false,
      );
    await sweep();
    assert.equal(await isThere(orphan), false);
    for (const id of [...needed, ...done, link, shared, young]) assert.ok(await isThere(id), id);

    await store.apply([...finished, linking, one].map(({ id }) => simple("delete", id)));
    await sweep();
    for (const id of [...done, link]) assert.equal(await isThere(id), false, id);
    for (const id of [...needed, shared, young]) assert.ok(await isThere(id), id);
  });

  test("leaves a blob that is put again while it looks", async (t) => {
    const dir = await temporaryFolder(t);
    await using store = await openSqliteStore({ path: join(dir, "tanda.db") });
    await using blobs = await openFileBlobs({ dir });
    const { id } = await blobs.put("again");
    assert.equal(id, sha("again"));
    const at = (Date.now() - 2 * BLOB_GRACE_MS) / 1000;
    await utimes((await blobs.file(id))!, at, at);
    const asking: Pick<Store, "referredBlobs"> = {
      async referredBlobs(ids) {
        const referred = await store.referredBlobs(ids);
        // A client puts the same bytes and names them in a task, just after the store was asked.
        await blobs.put("again");
        await store.apply([submit(newSpec({ payload: "", payloadBlob: id }))]);
        return referred;
      },
    };
    await sweepBlobs({ store: asking, blobs, now: Date.now, isStopped: () => false });
    assert.equal((await blobs.stat(id)).bytes, 5);
  });
});
