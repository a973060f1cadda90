import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { needs } from "../../scripts/system-programs.ts";
import { ENDED } from "../../src/store/postgres-leases.ts";
import { SWEEP } from "../../src/store/postgres-sweep.ts";
import type { ClaimEvent, Lost, SharedStore } from "../../src/store/shared-store.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import type { Task } from "../../src/task/task.ts";
import { Postgres } from "../services/postgres.ts";
import { newSchemaUrl, openAt, openBoth, queued } from "./open-postgres.ts";
import { claim, DAY_MS, DONE, finish, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";

const LEASE_MS = 60_000;

function claimOf(id: string, attempt = 1): ClaimEvent {
  return claim(id, attempt) as ClaimEvent;
}

/** As a reaper would: charged where it ran alone. */
function died({ task, together, at }: Lost): TaskEvent {
  return {
    type: "finish",
    id: task.id,
    at,
    attempt: task.attempt,
    startedAt: task.startedAt ?? at,
    chance: 0,
    outcome: { type: "died", error: { code: "lost", message: "gone" }, isCharged: together === 1 },
  };
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

  test("rows that are named are found by their ids: how many others are in their state does not matter", async () => {
    const url = newSchemaUrl(postgres.url);
    const schema = url.slice(url.indexOf("=") + 1);
    const ids: string[] = [];
    {
      await using store = await openAt(url);
      ids.push(...(await queued(store, 3000)));
      // Read while nothing is known of the table: as on its first day.
      await store.claim(
        ids.slice(1000).map((id) => claimOf(id)),
        "other",
        LEASE_MS,
      );
    }
    /** A session tells what it read when it ends. */
    const readBy = async (work: (store: SharedStore) => Promise<unknown>): Promise<number> => {
      const sql = `select coalesce(sum(idx_tup_read), 0)::int as count from pg_stat_user_indexes where schemaname = $1`;
      const told = async (): Promise<number> =>
        (await postgres.query<{ count: number }>(sql, [schema]))[0]!.count;
      const before = await told();
      {
        await using store = await openAt(url);
        await work(store);
      }
      while ((await sessions()) > 0) await delay(5);
      return (await told()) - before;
    };
    const sessions = async (): Promise<number> =>
      (await postgres.query("select 1 from pg_stat_activity where application_name like 'tanda %'")).length;
    const some = ids.slice(0, 20);
    const [claimed, unclaimed] = [some.slice(0, 10), some.slice(10)];
    const held = claimed.map((id) => ({ id, attempt: 1 }));
    const reads = {
      claim: await readBy((store) =>
        store.claim(
          claimed.map((id) => claimOf(id)),
          "mine",
          LEASE_MS,
        ),
      ),
      renew: await readBy((store) => store.renew("mine", held, LEASE_MS)),
      unpublished: await readBy((store) => store.unpublished(unclaimed)),
      stale: await readBy((store) => store.stale(held)),
      finals: await readBy((store) => store.finals(some)),
      postpone: await readBy((store) => store.postpone(unclaimed, 1000)),
      finish: await readBy((store) => store.apply(some.map((id) => finish(id, 1)))),
    };
    for (const [what, count] of Object.entries(reads)) {
      assert.ok(count > 0 && count < 500, `${what} read ${count} entries of indexes for 20 rows`);
    }
  });

  test("a session that made its plans while there was hardly a row finds those that are named by their ids, too", async () => {
    const url = newSchemaUrl(postgres.url);
    const schema = url.slice(url.indexOf("=") + 1);
    const sql = `select coalesce(sum(idx_tup_read), 0)::int as count from pg_stat_user_indexes where schemaname = $1`;
    const told = async (): Promise<number> => {
      while (
        (await postgres.query("select 1 from pg_stat_activity where application_name like 'tanda %'"))
          .length > 0
      )
        await delay(5);
      return (await postgres.query<{ count: number }>(sql, [schema]))[0]!.count;
    };
    {
      await using store = await openAt(url);
      const work = async (ids: string[]): Promise<void> => {
        const held = ids.map((id) => ({ id, attempt: 1 }));
        await store.unpublished(ids);
        await store.postpone(ids, 1000);
        await store.claim(
          ids.map((id) => claimOf(id)),
          "mine",
          LEASE_MS,
        );
        await store.renew("mine", held, LEASE_MS);
        await store.stale(held);
        await store.finals(ids);
        await store.apply(ids.map((id) => ({ ...finish(id, 1), progress: "1" })));
      };
      // Twice: there are two connections.
      await Promise.all([work(await queued(store, 1)), work(await queued(store, 1))]);
      const ids = await queued(store, 3000);
      await Promise.all([work(ids.slice(0, 20)), work(ids.slice(20, 40))]);
    }
    const count = await told();
    assert.ok(count > 0 && count < 2500, `it read ${count} entries of indexes for 42 rows`);
  });

  test("with 300,000 queued tasks the sweep, the reaper and the backlog read what they need by index", async () => {
    await using opened = await openTwo();
    const { one, schema } = opened;
    const [id] = (await queued(one, 1)) as [string];
    await postgres.query(
      `insert into ${schema}.tasks (id, action, queue, priority, payload, created_at, state, attempt, next_publish_at, lease_until)
       select (left($1, 23) || '-' || lpad(to_hex(n), 12, '0'))::uuid, 'upper', 'default', 1, '1', 0,
         case when n % 100 = 0 then 2 else 1 end, 0, now() + n * interval '1 millisecond', now() + n * interval '1 second'
       from generate_series(1, 303000) n`,
      [id],
    );
    await postgres.query(`analyze ${schema}.tasks`);
    const full = new RegExp(`Seq Scan on tasks_d${Math.floor(T0 / DAY_MS)}`);
    /** Without the settings of our sessions: the plan is good by itself. */
    const plan = async (sql: string): Promise<string> => {
      const rows = await postgres.query<{ "QUERY PLAN": string }>(
        `explain ${sql.replaceAll(/\btasks\b(?! t\.)/g, `${schema}.tasks`)}`,
      );
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    for (const [sql, index] of [
      [SWEEP.replace("$1", "1000").replace("$2", "100"), /next_publish_at_idx/],
      [ENDED.replace("$1", "1000").replace("$2", "100"), /lease_until_idx/],
      [
        "select id from tasks where state = 1 and queue = 'default' and priority = 1 order by id limit 100",
        /queue_priority_id_idx/,
      ],
    ] as const) {
      const told = await plan(sql);
      assert.match(told, index);
      assert.doesNotMatch(told, full, told);
    }
    await delay(50);
    assert.ok((await one.sweep(1000, 100)).length > 0);
  });
});
