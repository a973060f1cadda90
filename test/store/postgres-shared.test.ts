import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { needs } from "../../scripts/system-programs.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";
import type { Task } from "../../src/task/task.ts";
import { Postgres } from "../services/postgres.ts";
import { openBoth, queued } from "./open-postgres.ts";
import { claim, died, DONE, finish, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";
import { indexesSuite } from "./postgres-indexes-suite.ts";

const LEASE_MS = 60_000;

function claimOf(id: string, attempt = 1): ClaimEvent {
  return claim(id, attempt) as ClaimEvent;
}

describe("a store that several processes share", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  const openTwo = (): ReturnType<typeof openBoth> => openBoth(postgres);

  test("of two workers that claim the same tasks each gets others, and both are told of all", async () => {
    await using opened = await openTwo();
    const ids = await queued(opened.one, 200);
    const answers = await Promise.all([
      opened.one.claim(
        ids.map((id) => claimOf(id)),
        "w1",
        LEASE_MS,
      ),
      opened.two.claim(
        ids.toReversed().map((id) => claimOf(id)),
        "w2",
        LEASE_MS,
      ),
    ]);
    const won = answers.flat().filter(({ verdict }) => verdict === "applied");
    assert.equal(won.length, 200);
    assert.deepEqual(new Set(won.map(({ task }) => task!.id)), new Set(ids));
    for (const { verdict, task } of answers.flat()) {
      assert.ok(verdict === "applied" || verdict === "unchanged");
      assert.deepEqual([task!.state, task!.attempt, task!.payload], ["running", 1, '"hola"']);
    }
    assert.deepEqual(await opened.one.counts(), [
      { queue: "default", action: "upper", state: "running", count: 200 },
    ]);
  });

  test("a claim answers as apply would: final, cancelled, unknown, another request, or made from its spec", async () => {
    await using opened = await openTwo();
    const { one } = opened;
    const [done, cancelled, waiting, fresh, other] = [newSpec(), newSpec(), newSpec(), newSpec(), newSpec()];
    await one.apply([
      ride(done),
      submit(cancelled),
      simple("cancel", cancelled.id),
      submit(waiting),
      submit(other),
    ]);
    const answers = await one.claim(
      [
        claimOf(done.id),
        claimOf(cancelled.id),
        claimOf(waiting.id, 2),
        claimOf(newSpec().id),
        { ...claimOf(other.id), spec: { ...other, payload: "2" } },
        { ...claimOf(fresh.id), spec: fresh },
        claimOf(waiting.id, 1),
        claimOf(waiting.id, 1),
      ],
      "w1",
      LEASE_MS,
    );
    assert.deepEqual(
      answers.map(({ verdict, task }) => [verdict, task?.state]),
      [
        ["unchanged", "done"],
        ["unchanged", "cancelled"],
        ["unchanged", "queued"],
        ["not_found", undefined],
        ["conflict", "queued"],
        ["applied", "running"],
        ["applied", "running"],
        ["unchanged", "running"],
      ],
    );
    const held = [fresh.id, waiting.id].map((id) => ({ id, attempt: 1 }));
    assert.equal((await one.renew("w1", held, LEASE_MS)).size, 2, "both are leased");
  });

  test("a claim that overtakes takes the number after an attempt that may be under way", async () => {
    await using opened = await openTwo();
    const { one } = opened;
    const [waits, other] = (await queued(one, 2)) as [string, string];
    const fresh = newSpec();
    const overtaking = (id: string, attempt = 2): ClaimEvent => ({
      ...claimOf(id, attempt),
      overtakes: true,
    });
    const claims = [overtaking(waits), overtaking(other, 3), { ...overtaking(fresh.id), spec: fresh }];
    const answers = await one.claim(claims, "w1", LEASE_MS);
    assert.deepEqual(
      answers.map(({ verdict, task }) => [verdict, task!.state, task!.attempt]),
      [
        ["applied", "running", 2],
        ["unchanged", "queued", 0],
        ["applied", "running", 2],
      ],
    );
    const [late, again] = await one.apply([finish(waits, 1), finish(fresh.id, 1)]);
    assert.deepEqual([late!.verdict, again!.verdict], ["unchanged", "unchanged"]);
    const held = [waits, fresh.id].map((id) => ({ id, attempt: 2 }));
    assert.equal((await one.renew("w1", held, LEASE_MS)).size, 2, "both are leased");
  });

  test("renewing tells what is still held: not what ended, what another has, or another attempt", async () => {
    await using opened = await openTwo();
    const { one, two } = opened;
    const ids = await queued(one, 4);
    const [kept, finished, older, others] = ids as [string, string, string, string];
    await one.claim(
      [kept, finished, older].map((id) => claimOf(id)),
      "w1",
      LEASE_MS,
    );
    await two.claim([claimOf(others)], "w2", LEASE_MS);
    await one.apply([finish(finished, 1, DONE)]);
    const held = [kept, finished, others].map((id) => ({ id, attempt: 1 }));
    const still = await one.renew("w1", [...held, { id: older, attempt: 2 }], LEASE_MS);
    assert.deepEqual([...still], [kept]);
    assert.deepEqual(await one.renew("w1", [], LEASE_MS), new Set());
  });

  test("a lease that ended is reaped once, the task waits again, and its old worker is fenced off", async () => {
    await using opened = await openTwo();
    const { one, two } = opened;
    const [a, b, alone, living, unleased] = (await queued(one, 5)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    await one.claim([claimOf(a), claimOf(b)], "w1", 1);
    await one.claim([claimOf(alone)], "w2", 1);
    await one.claim([claimOf(living)], "w3", LEASE_MS);
    await one.apply([claim(unleased, 1)]);
    await delay(20);
    assert.deepEqual(await one.reap({ graceMs: LEASE_MS, limit: 100 }, died), [], "within the grace");
    const reaped = (
      await Promise.all([
        one.reap({ graceMs: 0, limit: 100 }, died),
        two.reap({ graceMs: 0, limit: 100 }, died),
      ])
    ).flat();
    assert.deepEqual(reaped.map(({ task }) => task!.id).sort(), [a, b, alone].sort());
    const told = new Map(
      reaped.map(({ task, worker, verdict }) => [task!.id, [worker, verdict, task!.losses]]),
    );
    assert.deepEqual(told.get(a), ["w1", "applied", 0]);
    assert.deepEqual(told.get(alone), ["w2", "applied", 1], "only what ran alone is charged");
    assert.deepEqual(await one.renew("w1", [{ id: a, attempt: 1 }], LEASE_MS), new Set());
    const [late] = await one.apply([finish(a, 1)]);
    assert.deepEqual([late!.verdict, late!.task!.state], ["unchanged", "queued"]);
    const [again] = await two.claim([claimOf(a, 2)], "w9", LEASE_MS);
    assert.equal(again!.verdict, "applied");
    assert.equal((await one.apply([finish(a, 1)]))[0]!.verdict, "unchanged");
    assert.equal((await two.apply([finish(a, 2)]))[0]!.verdict, "applied");
    const running = await one.running(10);
    assert.deepEqual(running.map(({ id }) => id).sort(), [living, unleased].sort());
  });

  test("what a worker lost at once is judged together, also what it claimed last", async () => {
    await using opened = await openTwo();
    const { one } = opened;
    const [early, late] = (await queued(one, 2)) as [string, string];
    await one.claim([claimOf(early)], "w1", 1);
    await one.claim([claimOf(late)], "w1", 300);
    await delay(50);
    assert.deepEqual(await one.reap({ graceMs: 0, holdMs: 10_000, limit: 100 }, died), [], "held back");
    await delay(300);
    const reaped = await one.reap({ graceMs: 0, holdMs: 10_000, limit: 100 }, died);
    assert.deepEqual(
      reaped.map(({ task }) => [task!.id, task!.losses]),
      [early, late].map((id) => [id, 0]),
    );
    const [orphan, living] = (await queued(one, 2)) as [string, string];
    await one.claim([claimOf(orphan)], "w2", 1);
    await one.claim([claimOf(living)], "w2", LEASE_MS);
    await delay(20);
    const [alone] = await one.reap({ graceMs: 0, holdMs: 10, limit: 100 }, died);
    assert.deepEqual(
      [alone!.task!.id, alone!.task!.losses],
      [orphan, 0],
      "its worker lives, and has another",
    );
  });

  test("a lease that was renewed in time is not reaped", async () => {
    await using opened = await openTwo();
    const [id] = (await queued(opened.one, 1)) as [string];
    await opened.one.claim([claimOf(id)], "w1", 1);
    await opened.one.renew("w1", [{ id, attempt: 1 }], LEASE_MS);
    await delay(20);
    assert.deepEqual(await opened.two.reap({ graceMs: 0, limit: 100 }, died), []);
  });

  test("what nobody saw is swept once each time, later and later, until it is no longer queued", async () => {
    await using opened = await openTwo();
    const { one, two, schema } = opened;
    const ids = await queued(one, 6);
    assert.deepEqual(await one.sweep(1000, 10), [], "it was only just made");
    const [claimed, done] = [ids.pop()!, ids.pop()!];
    await one.unpublished([...ids, claimed, done]);
    await one.claim([claimOf(claimed)], "w1", LEASE_MS);
    await one.apply([finish(done, 1)]);
    const swept = (await Promise.all([one.sweep(1000, 2), two.sweep(1000, 10)])).flat();
    assert.deepEqual(swept.map(({ id }) => id).sort(), ids);
    assert.deepEqual(
      swept.find(({ id }) => id === ids[0]) satisfies Task | undefined,
      (await one.get(ids))[0],
    );
    assert.deepEqual(await one.sweep(1000, 10), []);
    const waits = async (): Promise<number[]> =>
      (
        await postgres.query<{ s: number }>(
          `select round(extract(epoch from next_publish_at - now()))::int as s from ${schema}.tasks where state = 1`,
        )
      ).map(({ s }) => s);
    const rounds: number[] = [];
    for (let round = 0; round < 12; round++) {
      await one.unpublished(ids);
      assert.equal((await one.sweep(40_000, 10)).length, 4);
      rounds.push(Math.max(...(await waits())));
    }
    assert.deepEqual(rounds.slice(0, 4), [80, 160, 320, 600]);
    assert.deepEqual(
      rounds.slice(4),
      Array.from({ length: 8 }, () => 600),
    );
  });

  test("a row that becomes queued again is left to its publisher first", async () => {
    await using opened = await openTwo();
    const { one } = opened;
    const spec = newSpec({ dueAt: T0 + 5 });
    await one.apply([submit(spec)]);
    await one.unpublished([spec.id]);
    assert.deepEqual(await one.sweep(1000, 10), [], "it is not due yet");
    await one.apply([simple("due", spec.id)]);
    assert.deepEqual(await one.sweep(1000, 10), []);
    await one.unpublished([spec.id]);
    assert.equal((await one.sweep(1000, 10)).length, 1);
  });

  test("it tells the time by the server's clock", async () => {
    await using opened = await openTwo();
    const before = Date.now();
    const at = await opened.one.now();
    assert.ok(at >= before - 1 && at <= Date.now() + 1, `${at - before} ms after it was asked`);
  });

  test("nodes are there while they beat, and gone when they left or fell silent", async () => {
    await using opened = await openTwo();
    const { one, two } = opened;
    await one.beat("b", { threads: 2 }, LEASE_MS);
    await two.beat("a", { threads: 4 }, LEASE_MS);
    await two.beat("silent", null, 1);
    await one.beat("b", { threads: 3 }, LEASE_MS);
    await delay(20);
    const expected = [
      { node: "a", info: { threads: 4 } },
      { node: "b", info: { threads: 3 } },
    ];
    assert.deepEqual(await one.nodes(), expected);
    assert.deepEqual(await two.nodes(), expected);
    await one.leave("b");
    assert.deepEqual(await two.nodes(), expected.slice(0, 1));
  });

  test("of many that enter at once each is told of those before it", async () => {
    await using opened = await openTwo();
    const stores = [opened.one, opened.two];
    for (let round = 0; round < 10; round++) {
      const names = Array.from({ length: 12 }, (_, n) => `${round}-${n}`);
      await Promise.all(
        names.map((name, n) =>
          stores[n % 2]!.enter(name, (present) => ({ after: present.map(({ node }) => node) }), LEASE_MS),
        ),
      );
      const told = (await opened.one.nodes()).filter(({ node }) => node.startsWith(`${round}-`));
      const befores = told.map(({ info }) => (info as { after: string[] }).after.length);
      assert.deepEqual(
        befores.toSorted((a, b) => a - b),
        names.map((_, n) => round * 12 + n),
      );
    }
  });

  indexesSuite(() => postgres);
});
