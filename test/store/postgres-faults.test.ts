import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import type { ClaimEvent, Reaped } from "../../src/store/shared-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { Outcome, TaskEvent } from "../../src/task/decide.ts";
import type { TandaError } from "../../src/task/errors.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { Postgres } from "../services/postgres.ts";
import { insist } from "./insist.ts";
import { newSchemaUrl, openAt } from "./open-postgres.ts";
import { claim, died, finish, newSpec, ride, submit } from "./sample-events.ts";

const STANDING_PROCESS = join(import.meta.dirname, "postgres-standing-process.ts");
const STANDS_AT_MOST_MS = 5000;

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

  test("a process that stands still as it finds lost workers keeps no other from finding them", async () => {
    const url = newSchemaUrl(postgres.url);
    await using store = await openAt(url);
    const spec = newSpec();
    await store.apply([submit(spec)]);
    await store.claim([claim(spec.id, 1) as ClaimEvent], "worker", 1);
    const standing = spawn(process.execPath, [STANDING_PROCESS, url, "reap"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(standing.stdout, "data");
      const reap = (): Promise<Reaped[]> => store.reap({ graceMs: 0, limit: 10 }, died);
      assert.deepEqual(await reap(), [], "it has the turn");
      const until = performance.now() + STANDS_AT_MOST_MS;
      let reaped: Reaped[] = [];
      while (reaped.length === 0 && performance.now() < until) {
        await delay(50);
        reaped = await reap();
      }
      assert.deepEqual(
        reaped.map(({ task }) => [task!.id, task!.state]),
        [[spec.id, "queued"]],
      );
      assert.equal(standing.exitCode, null, "it still stands");
    } finally {
      standing.kill("SIGKILL");
    }
  });

  test("a process that stands still as it enters keeps no other from entering", async () => {
    const url = newSchemaUrl(postgres.url);
    await using store = await openAt(url);
    const standing = spawn(process.execPath, [STANDING_PROCESS, url, "enter"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(standing.stdout, "data");
      const begun = performance.now();
      await store.enter("moves", (present) => present.length, 60_000);
      assert.ok(performance.now() - begun < STANDS_AT_MOST_MS);
      assert.deepEqual(await store.nodes(), [{ node: "moves", info: 0 }]);
      assert.equal(standing.exitCode, null, "it still stands");
    } finally {
      standing.kill("SIGKILL");
    }
  });
});
