import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import { parsePostgresUrl, placesOf } from "../../src/postgres/address.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { Outcome, TaskEvent } from "../../src/task/decide.ts";
import type { TandaError } from "../../src/task/errors.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { Postgres } from "../services/postgres.ts";
import { newSchemaUrl, openAt } from "./open-postgres.ts";
import { claim, finish, makeId, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";

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

/** As a client does: the same again until it is answered. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      assert.equal((error as TandaError).code, "unavailable", inspect(error));
      await delay(50);
    }
  }
}

describe("PostgreSQL that fails", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start()));
  after(() => postgres?.[Symbol.asyncDispose]());

  /** Writes through a fault; everything that was ever acknowledged must be there once, and all the rest after insisting. */
  async function writeThrough(store: Store, fault: () => Promise<void>): Promise<number> {
    const acknowledged: string[] = [];
    let refusals = 0;
    const over = new AbortController();
    const counted = <T>(answer: Promise<T>): Promise<T> =>
      answer.catch((error: unknown) => {
        refusals++;
        throw error;
      });
    const one = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const spec = newSpec();
        await insist(() => counted(store.apply([submit(spec)])));
        await insist(() => counted(store.apply([finish(spec.id, 1)])));
        acknowledged.push(spec.id);
      }
    };
    const writers = Promise.all(Array.from({ length: 10 }, one));
    while (acknowledged.length < 50) await delay(10);
    await fault();
    const atFault = acknowledged.length;
    while (acknowledged.length < atFault + 50) await delay(10);
    over.abort();
    await writers;
    const rows = await store.get(acknowledged);
    assert.deepEqual([...new Set(rows.map((row) => row?.state))], ["done"]);
    const counts = await store.counts();
    assert.deepEqual(
      counts.map(({ state, count }) => [state, count]),
      [["done", acknowledged.length]],
    );
    return refusals;
  }

  test("killed under load and back: nothing acknowledged is lost, nothing is recorded twice", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    const refusals = await writeThrough(store, async () => {
      await postgres.kill9();
      await delay(300);
      await postgres.start();
    });
    assert.ok(refusals > 0, "nobody noticed that it was away");
  });

  test("restarted twice under a load of batches: what was said to be applied is there, with its own result", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    const results = new Map<string, string>();
    const over = new AbortController();
    let n = 0;
    const doneWith = (result: string): Outcome => ({ type: "done", result, resultBlob: null });
    const batches = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const specs = Array.from({ length: 40 }, () => newSpec());
        const result = `"${++n}"`;
        const [rides, promised] = [specs.slice(0, 20), specs.slice(20)];
        const told = [await insist(() => store.apply(rides.map((spec) => ride(spec, doneWith(result)))))];
        await insist(() => store.apply(promised.map((spec) => submit(spec))));
        const claims = promised.slice(10).map(({ id }) => claim(id, 1) as ClaimEvent);
        await insist(() => store.claim(claims, "worker", 60_000));
        told.push(await insist(() => store.apply(promised.map(({ id }) => finish(id, 1, doneWith(result))))));
        // What was done by a try whose answer was lost is unchanged, and the row is the answer.
        for (const [i, { verdict, task }] of told.flat().entries()) {
          if (verdict !== "applied")
            assert.deepEqual([verdict, task?.state, task?.result], ["unchanged", "done", result]);
          results.set(specs[i]!.id, result);
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 4 }, batches));
    const grow = async (): Promise<void> => {
      const wanted = results.size + 200;
      while (results.size < wanted) await delay(5);
    };
    for (const end of [() => postgres.stop(), () => postgres.kill9()]) {
      await grow();
      await end();
      await postgres.start();
    }
    await grow();
    over.abort();
    await writers;
    const ids = [...results.keys()];
    const rows = await store.get(ids);
    assert.deepEqual(
      rows.map((row) => row?.result),
      ids.map((id) => results.get(id)),
    );
    assert.deepEqual(await store.counts(), [
      { queue: "default", action: "upper", state: "done", count: ids.length },
    ]);
  });

  test("one session's process killed: all sessions break, and it goes on", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    await writeThrough(store, async () => {
      assert.ok(await postgres.kill9Backend("tanda store"), "there was no session to kill");
      await delay(100);
      await postgres.start();
    });
  });

  test("a commit whose answer is lost is unavailable, never a failure; asked again it says so", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    await using store = await openAt(newSchemaUrl(postgres.urlAt(proxy.port)));
    const waiting = newSpec();
    // What it makes on first use, it makes now.
    await store.apply([submit(waiting)]);
    /** Words that the commit goes by: where events are alike, their statement is the whole transaction. */
    const lost: [words: string, answer: string, event: TaskEvent][] = [
      ["submits-alone", "INSERT", submit(newSpec())],
      ["rides-alone", "INSERT", ride(newSpec())],
      ["finishes-alone", "SELECT", finish(waiting.id, 1)],
      ["commit", "COMMIT", submit(newSpec({ key: "keyed" }))],
    ];
    for (const [words, answer, event] of lost) {
      const cut = proxy.cutAfter(words, answer);
      await assert.rejects(store.apply([event]), { code: "unavailable" }, words);
      await cut;
      const [row] = await insist(() => store.get([event.id]));
      assert.equal(row?.state, event.type === "submit" ? "queued" : "done", "it was committed");
    }
    for (const [words, , event] of lost) {
      const [again] = await insist(() => store.apply([event]));
      assert.equal(again!.verdict, "unchanged", words);
    }
    const counts = await store.counts();
    assert.deepEqual(Object.fromEntries(counts.map(({ state, count }) => [state, count])), {
      done: 2,
      queued: 2,
    });
  });

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

  test("refused and back: calls are refused at once meanwhile, then it goes on by itself", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    await using store = await openAt(newSchemaUrl(postgres.urlAt(proxy.port)));
    await store.apply([submit(newSpec())]);
    await proxy.set("refuse");
    for (let i = 0; i < 3; i++) {
      const spec = newSpec();
      await assert.rejects(store.apply([submit(spec)]), (error: TandaError) => {
        assert.equal(error.code, "unavailable");
        return error.retryAfterMs !== undefined && error.retryAfterMs > 0;
      });
      await assert.rejects(store.get([spec.id]), { code: "unavailable" });
      await assert.rejects(store.probe(), { code: "unavailable" });
    }
    await proxy.set("pass");
    const spec = newSpec();
    const [answer] = await insist(() => store.apply([submit(spec)]));
    assert.equal(answer!.verdict, "applied");
  });

  test("a server that only reads for now: who writes is told so, who reads is answered, then it goes on", async () => {
    await using store = await openAt(newSchemaUrl(postgres.url));
    const [spec, ridden] = [newSpec(), newSpec()];
    await store.apply([submit(spec)]);
    /** As providers do when the disk fills. Sessions know it from their beginning. */
    const allow = async (change: string): Promise<void> => {
      await postgres.query(`begin read write; alter database postgres ${change}; commit`);
      await postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tanda %'",
      );
      await insist(() => store.get([spec.id]));
    };
    await allow("set default_transaction_read_only = on");
    const writes = [[ride(ridden)], [claim(spec.id, 1), ride(ridden)], [finish(spec.id, 1)]];
    for (const events of writes) {
      const told: string[] = [];
      // A session that was ended may be told first.
      while (!told.at(-1)?.includes("read-only")) {
        const error = await store.apply(events).then(
          () => assert.fail("it was written"),
          (reason: TandaError) => reason,
        );
        assert.equal(error.code, "unavailable", inspect(error));
        told.push(error.message);
      }
    }
    assert.equal((await store.get([spec.id]))[0]?.state, "queued");
    await allow("reset default_transaction_read_only");
    assert.equal((await insist(() => store.apply([ride(ridden)])))[0]!.verdict, "applied");
  });

  test("sessions cut while idle are not noticed by who calls next", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    await using store = await openAt(newSchemaUrl(postgres.urlAt(proxy.port)));
    const spec = newSpec();
    await store.apply([submit(spec)]);
    await store.get([spec.id]);
    proxy.reset();
    assert.equal((await store.get([spec.id]))[0]?.id, spec.id);
    assert.equal((await store.apply([claim(spec.id, 1)]))[0]!.verdict, "applied");
  });

  test("of several addresses the first that answers is used", async () => {
    await using away = await FaultProxy.start(postgres.port);
    await using there = await FaultProxy.start(postgres.port);
    await away.set("refuse");
    const url = newSchemaUrl(postgres.url).replace(
      `127.0.0.1:${postgres.port}`,
      `127.0.0.1:${away.port},127.0.0.1:${there.port}`,
    );
    await using store = await openAt(url);
    const spec = newSpec();
    await store.apply([submit(spec)]);
    await there.set("refuse");
    await away.set("pass");
    assert.equal((await insist(() => store.get([spec.id])))[0]?.id, spec.id);
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

  test("a password is nowhere to be seen: not in errors, not in what is printed", async () => {
    const secret = "s3cret-horse";
    const url = `postgres://nobody:${secret}@127.0.0.1:${postgres.port}/no-such-database`;
    await assert.rejects(openAt(url), (error: Error) => {
      assert.equal((error as TandaError).code, "unavailable");
      assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), new RegExp(secret));
      return true;
    });
    for (const bad of [
      `postgres://u:${secret}@h:1:2/x`,
      `postgres://u:${secret}@h/x?sslmode=maybe`,
      `pg:${secret}`,
    ]) {
      assert.throws(
        () => parsePostgresUrl(bad, {}),
        (error: Error) => !inspect(error).includes(secret) && /cannot be read/.test(error.message),
      );
    }
    const address = parsePostgresUrl(url, {});
    assert.equal(address.password(), secret);
    assert.doesNotMatch(inspect(address, { depth: 9 }) + JSON.stringify(address), new RegExp(secret));
    assert.equal(placesOf(address), `postgres://127.0.0.1:${postgres.port}/no-such-database`);
  });

  test("a password comes from the URL, else a file, else the environment", () => {
    const file = join(postgres.folder, "password");
    writeFileSync(file, "from file\n");
    const password = (url: string): string | undefined =>
      parsePostgresUrl(url, { PGPASSWORD: "from env" }).password();
    assert.equal(password(`postgres://u:from%20url@h/d?passwordFile=${file}`), "from url");
    assert.equal(password(`postgres://u@h/d?passwordFile=${file}`), "from file");
    assert.equal(password("postgres://u@h/d"), "from env");
    const { hosts, user, database, schema } = parsePostgresUrl("postgres://u@a:1,[::1]:2,c/d?schema=x", {});
    assert.deepEqual(hosts, [
      { host: "a", port: 1 },
      { host: "::1", port: 2 },
      { host: "c", port: 5432 },
    ]);
    assert.deepEqual([user, database, schema], ["u", "d", "x"]);
  });
});
