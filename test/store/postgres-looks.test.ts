import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { needs } from "../../scripts/system-programs.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";
import { Postgres } from "../services/postgres.ts";
import { openBoth, queued } from "./open-postgres.ts";
import { claim, finish, newSpec, T0 } from "./sample-events.ts";

const LEASE_MS = 60_000;
const claimOf = (id: string): ClaimEvent => claim(id, 1) as ClaimEvent;

describe("what those who share a store ask it", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());
  const openTwo = (): ReturnType<typeof openBoth> => openBoth(postgres);

  test("tells which tries are not to run, and which tasks have ended", async () => {
    await using opened = await openTwo();
    const { one, two } = opened;
    const ids = await queued(one, 4);
    const [waits, claimed, done, later] = ids as [string, string, string, string];
    await one.claim([claimOf(claimed)], "w1", LEASE_MS);
    await one.apply([finish(done, 1)]);
    const missing = newSpec().id;
    const tries = [waits, claimed, done, missing].map((id) => ({ id, attempt: 1 }));
    assert.deepEqual(
      await two.stale([...tries, { id: later, attempt: 2 }]),
      new Set([claimed, done, missing, later]),
    );
    const finals = await two.finals([...ids, missing]);
    assert.deepEqual(
      finals.map(({ id, state }) => [id, state]),
      [[done, "done"]],
    );
  });

  test("rows in a form of a newer version are left alone, told of, and not taken for anything else", async () => {
    await using opened = await openTwo();
    const { one, two, schema } = opened;
    const [odd, other] = (await queued(one, 2)) as [string, string];
    await postgres.query(
      `update ${schema}.tasks set state = 101, next_publish_at = now(), lease_until = now() where id = $1`,
      [odd],
    );
    await postgres.query(`update ${schema}.counts set state = 101, count = 1 where state = 1`);
    assert.equal(await two.unknown(), 1);
    await one.unpublished([odd, other]);
    assert.deepEqual(
      (await one.sweep(1000, 10)).map(({ id }) => id),
      [other],
    );
    assert.deepEqual(await one.reap({ graceMs: 0, limit: 10 }, () => assert.fail("it is nobody's")), []);
    assert.deepEqual(await one.stale([{ id: odd, attempt: 1 }]), new Set([odd]));
    assert.deepEqual(await one.finals([odd]), []);
    assert.deepEqual(
      (await one.list({ limit: 10 })).tasks.map(({ id }) => id),
      [other],
    );
    assert.ok((await one.counts()).every(({ state }) => state !== undefined));
    const isTold = (error: unknown): boolean => /written by a newer Tanda/.test(String(error));
    await assert.rejects(one.get([odd]), isTold);
    await assert.rejects(one.apply([finish(odd, 1)]), isTold);
    await assert.rejects(one.claim([claimOf(odd)], "w1", LEASE_MS), isTold);
    const rule = { now: T0 + 1e12, finishedBefore: T0 + 1e12, maxFinished: 0, maxBytes: 0 };
    while ((await one.retire(rule)).isMore);
    const rows = await postgres.query<{ state: number }>(`select state from ${schema}.tasks where id = $1`, [
      odd,
    ]);
    assert.deepEqual(rows, [{ state: 101 }]);
  });

  test("what is postponed is found after a time that doubles", async () => {
    await using opened = await openTwo();
    const { one, two } = opened;
    const ids = await queued(one, 2);
    await one.unpublished(ids);
    await two.postpone(ids.slice(0, 1), 100);
    assert.deepEqual(
      (await one.sweep(60_000, 10)).map(({ id }) => id),
      ids.slice(1),
    );
    await delay(120);
    assert.deepEqual(
      (await one.sweep(60_000, 10)).map(({ id }) => id),
      ids.slice(0, 1),
    );
    await two.postpone(ids.slice(0, 1), 300);
    await delay(320);
    assert.deepEqual(await one.sweep(60_000, 10), [], "it was found once: 600 ms");
    await delay(320);
    assert.equal((await one.sweep(60_000, 10)).length, 1);
  });
});
