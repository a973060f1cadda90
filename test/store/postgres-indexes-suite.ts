/** However many rows there are, what is asked for is found by an index: tests that a file calls with its server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ENDED } from "../../src/store/postgres-leases.ts";
import { SWEEP } from "../../src/store/postgres-sweep.ts";
import type { ClaimEvent, SharedStore } from "../../src/store/shared-store.ts";
import type { Postgres } from "../services/postgres.ts";
import { newSchemaUrl, openAt, openBoth, queued } from "./open-postgres.ts";
import { claim, DAY_MS, finish, T0 } from "./sample-events.ts";

const LEASE_MS = 60_000;

function claimOf(id: string): ClaimEvent {
  return claim(id, 1) as ClaimEvent;
}

export function indexesSuite(postgres: () => Postgres): void {
  test("rows that are named are found by their ids: how many others are in their state does not matter", async () => {
    const url = newSchemaUrl(postgres().url);
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
        (await postgres().query<{ count: number }>(sql, [schema]))[0]!.count;
      const before = await told();
      {
        await using store = await openAt(url);
        await work(store);
      }
      while ((await sessions()) > 0) await delay(5);
      return (await told()) - before;
    };
    const sessions = async (): Promise<number> =>
      (await postgres().query("select 1 from pg_stat_activity where application_name like 'tanda %'")).length;
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
    const url = newSchemaUrl(postgres().url);
    const schema = url.slice(url.indexOf("=") + 1);
    const sql = `select coalesce(sum(idx_tup_read), 0)::int as count from pg_stat_user_indexes where schemaname = $1`;
    const told = async (): Promise<number> => {
      while (
        (await postgres().query("select 1 from pg_stat_activity where application_name like 'tanda %'"))
          .length > 0
      )
        await delay(5);
      return (await postgres().query<{ count: number }>(sql, [schema]))[0]!.count;
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
    await using opened = await openBoth(postgres());
    const { one, schema } = opened;
    const [id] = (await queued(one, 1)) as [string];
    await postgres().query(
      `insert into ${schema}.tasks (id, action, queue, priority, payload, created_at, state, attempt, next_publish_at, lease_until)
       select (left($1, 23) || '-' || lpad(to_hex(n), 12, '0'))::uuid, 'upper', 'default', 1, '1', 0,
         case when n % 100 = 0 then 2 else 1 end, 0, now() + n * interval '1 millisecond', now() + n * interval '1 second'
       from generate_series(1, 303000) n`,
      [id],
    );
    await postgres().query(`analyze ${schema}.tasks`);
    const full = new RegExp(`Seq Scan on tasks_d${Math.floor(T0 / DAY_MS)}`);
    /** Without the settings of our sessions: the plan is good by itself. */
    const plan = async (sql: string): Promise<string> => {
      const rows = await postgres().query<{ "QUERY PLAN": string }>(
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
}
