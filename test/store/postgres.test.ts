/** PostgreSQL as a store: its contract, and what several at its tables, or several tables, could do wrong. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import { Postgres } from "../services/postgres.ts";
import { newSchemaUrl, openAt, openEmpty } from "./open-postgres.ts";
import { finish, makeId, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";
import { storeContract } from "./store-contract.ts";
import { decidesContract } from "./store-decides-contract.ts";

const WRITER = fileURLToPath(new URL("postgres-writing-process.ts", import.meta.url));

type Told = { applied: number; unchanged: number; won: number; rows: unknown[]; keyed: string[] };

/** They begin when all are ready. */
async function writeInProcesses(count: number, url: string, ids: readonly string[]): Promise<Told[]> {
  const children = Array.from({ length: count }, (_, n) =>
    spawn(process.execPath, [WRITER, url, JSON.stringify(ids), String(n * 30)], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const lines = children.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]());
  for (const one of lines) assert.equal((await one.next()).value, "ready");
  for (const { stdin } of children) stdin.end();
  return Promise.all(lines.map(async (one) => JSON.parse((await one.next()).value as string) as Told));
}

describe("PostgreSQL", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  storeContract("PostgreSQL", () => openEmpty(postgres));
  for (const seed of [5, 6]) decidesContract("PostgreSQL", () => openEmpty(postgres), seed);

  test("new tasks that are not new: the others of their calls are applied all the same, and counted once", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    const [old, other] = [newSpec(), newSpec()];
    await store.apply([submit(old), ride(other)]);
    for (const as of [submit, ride]) {
      const verdicts = async (specs: TaskSpec[]): Promise<string[]> =>
        (await store.apply(specs.map((spec) => as(spec)))).map(({ verdict }) => verdict);
      const [before, after] = [newSpec(), newSpec()];
      assert.deepEqual(await verdicts([before, other, after]), ["applied", "unchanged", "applied"]);
      const another = { ...other, payload: '"adios"' };
      const [first, last] = [newSpec(), newSpec()];
      assert.deepEqual(await verdicts([first, another, last]), ["applied", "conflict", "applied"]);
    }
    const counts = await store.counts();
    assert.deepEqual(Object.fromEntries(counts.map(({ state, count }) => [state, count])), {
      done: 5,
      queued: 5,
    });
  });

  test("tasks of all kinds in one call: what is fenced off or not new keeps none of the others from being applied", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    const [waiting, ridden, absent] = [newSpec(), newSpec(), newSpec()];
    await store.apply([submit(waiting)]);
    const verdicts = async (events: TaskEvent[]): Promise<string[]> =>
      (await store.apply(events)).map(({ verdict }) => verdict);
    assert.deepEqual(
      await verdicts([finish(absent.id, 1), submit(newSpec()), finish(waiting.id, 1), ride(ridden)]),
      ["not_found", "applied", "applied", "applied"],
    );
    const next = newSpec();
    await store.apply([submit(next)]);
    assert.deepEqual(
      await verdicts([ride(ridden), finish(next.id, 1), finish(waiting.id, 1), submit(newSpec())]),
      ["unchanged", "applied", "unchanged", "applied"],
    );
    const counts = await store.counts();
    assert.deepEqual(Object.fromEntries(counts.map(({ state, count }) => [state, count])), {
      done: 3,
      queued: 2,
    });
  });

  test("several processes with the same ids and keys: one wins each, all are told the same", async () => {
    const url = newSchemaUrl(postgres.url);
    await using store = await openAt(url);
    const ids = Array.from({ length: 300 }, makeId);
    const deadlocks = async (): Promise<number> => {
      const sql = "select deadlocks::int as count from pg_stat_database where datname = current_database()";
      return (await postgres.query<{ count: number }>(sql))[0]!.count;
    };
    const before = await deadlocks();
    const told = await writeInProcesses(3, url, ids);
    const sum = (of: "applied" | "unchanged" | "won"): number =>
      told.reduce((total, one) => total + one[of], 0);
    assert.deepEqual([sum("applied"), sum("unchanged"), sum("won")], [600, 1200, 300]);
    for (const { rows, keyed } of told) {
      assert.deepEqual(rows, told[0]!.rows);
      assert.deepEqual(keyed, told[0]!.keyed);
    }
    assert.ok(told.filter(({ won }) => won > 0).length > 1, "they did not race");
    const counts = await store.counts();
    assert.deepEqual(Object.fromEntries(counts.map(({ state, count }) => [state, count])), {
      done: 300,
      queued: 300,
    });
    assert.equal(await deadlocks(), before);
  });

  test("a schema that a newer Tanda wrote is refused and left alone", async () => {
    const url = newSchemaUrl(postgres.url);
    const schema = url.slice(url.indexOf("=") + 1);
    await (await openAt(url)).close();
    await postgres.query(`update ${schema}.schema_version set version = 999`);
    await assert.rejects(openAt(url), { code: "conflict", message: /newer Tanda .* version 999/ });
    assert.deepEqual(await postgres.query(`select version from ${schema}.schema_version`), [
      { version: 999 },
    ]);
  });

  test("of several that start at once on an empty database one migrates", async () => {
    const url = newSchemaUrl(postgres.url);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openAt(url)));
    // All need the same partition first.
    const specs = stores.map(() => newSpec());
    const answers = await Promise.all(stores.map((store, i) => store.apply([submit(specs[i]!)])));
    assert.deepEqual(
      answers.map(([answer]) => answer!.verdict),
      stores.map(() => "applied"),
    );
    await Promise.all(stores.map((store) => store.close()));
  });

  test("old days go whole, with their keys and blob references, and can be written to again", async () => {
    const url = newSchemaUrl(postgres.url);
    const schema = url.slice(url.indexOf("=") + 1);
    await using store = await openAt(url);
    await using other = await openAt(url);
    const partitions = async (): Promise<number> =>
      (await postgres.query(`select 1 from pg_inherits where inhparent = '${schema}.tasks'::regclass`))
        .length;
    const [old, linked] = [newSpec({ key: "old" }), newSpec({ payload: `{"$blob":"${"a".repeat(64)}"}` })];
    await store.apply([submit(old), submit(linked), simple("cancel", old.id), ride(newSpec())]);
    await other.apply([submit(old)]);
    const DAY_MS = 86_400_000;
    const rule = { now: T0 + 9 * DAY_MS, finishedBefore: T0 + 8 * DAY_MS, maxFinished: 1e9, maxBytes: 1e15 };
    const made = await partitions();
    const retireAll = async (by: typeof rule): Promise<number> => {
      let sum = 0;
      for (;;) {
        const { deleted, isMore } = await store.retire(by);
        sum += deleted;
        if (!isMore) return sum;
      }
    };
    assert.equal(await retireAll({ ...rule, finishedBefore: T0 }), 0);
    assert.equal(await retireAll(rule), 2);
    assert.equal((await store.get([linked.id]))[0]?.state, "queued", "what is not final stays");
    await store.apply([simple("cancel", linked.id, T0 + 10)]);
    await retireAll(rule);
    assert.ok((await partitions()) < made, `${made} partitions`);
    assert.deepEqual(await store.getByKey(["old"]), [null]);
    assert.deepEqual(await store.referredBlobs(["a".repeat(64)]), []);
    assert.deepEqual(await store.counts(), []);
    // The other process believes that the partition is there.
    assert.equal((await other.apply([submit(old)]))[0]!.verdict, "applied");
  });
});
