/** What the harness checks can fail: each rule is broken here once, by hand, and found. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { openPostgresStore } from "../../src/store/postgres.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { Postgres } from "../services/postgres.ts";
import { Audit } from "./harness/audit.ts";
import { History } from "./harness/history.ts";
import { compareHoldings } from "./harness/holdings.ts";
import { keyOf, Orders, type Outcome } from "./harness/orders.ts";
import { checkRows } from "./harness/rows-check.ts";
import { checkRuns } from "./harness/runs-check.ts";
import { DONE, QUEUED, RUNNING } from "./harness/states.ts";
import { Verdicts, type Invariant } from "./harness/verdicts.ts";
import { Witness } from "./harness/witness.ts";
import { idTailOf, RECORD_BYTES, writeRecord, type Moment } from "./harness/witness-record.ts";
import { digestOf } from "./harness/work.ts";

const CUSTOMERS = 3;
const makeId = createIdMaker(0, Date.now, Math.random);

describe("what the harness checks", { skip: needs("postgres").skip, timeout: 120_000 }, () => {
  let postgres: Postgres;
  let audit: Audit;
  let folder: string;
  let history: History;
  let verdicts: Verdicts;
  let orders: Orders;
  let witness: Witness;
  let records: Buffer[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tanda-oracle-"));
    postgres = await Postgres.start({ fast: true });
    const time = { now: () => performance.now(), random: Math.random };
    const store = await openPostgresStore({ url: postgres.url, env: {}, ...time });
    await store[Symbol.asyncDispose]();
    audit = new Audit(postgres.url);
    await audit.install();
    await audit.query("create table tanda.tasks_all partition of tanda.tasks default");
    history = new History(folder, 1);
  });
  after(async () => {
    await history[Symbol.asyncDispose]();
    await audit[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await audit.query("truncate tanda.tasks, audit.changes");
    verdicts = new Verdicts(history);
    orders = new Orders(1, 3000, CUSTOMERS);
    witness = new Witness(await mkdtemp(join(folder, "witness-")));
    records = [];
  });

  /** The next order that is asked for by `wait`. */
  const order = (outcome: Outcome): number => {
    for (;;) {
      const { n, way } = orders.next();
      if (way !== "wait") continue;
      orders.tell(n, outcome);
      return n;
    }
  };
  const row = async (n: number, state: number, attempt: number, of = attempt): Promise<string> => {
    const id = makeId();
    const customer = n % CUSTOMERS;
    const result = state === DONE ? JSON.stringify({ attempt: of, digest: digestOf(n, customer) }) : null;
    await audit.query(
      `insert into tanda.tasks (id, action, queue, priority, payload, key, created_at, state, attempt, result, lease_until)
       values ($1, 'quick', 'default', 1, $2, $3, 0, $4, $5, $6, now() + interval '1 hour')`,
      [id, JSON.stringify({ n, customer }), keyOf(n), state, attempt, result],
    );
    return id;
  };
  const ran = (n: number, id: string, attempt: number, moment: Moment, at: number, pid = 1): void => {
    const record = Buffer.alloc(RECORD_BYTES);
    writeRecord(record, { n, attempt, moment, pid, idTail: idTailOf(id), at });
    records.push(record);
  };
  const check = async (): Promise<void> => {
    await writeFile(join(witness.folder, "1-0"), Buffer.concat(records));
    witness.read();
    const { ids } = await checkRows(audit, orders, witness, verdicts, CUSTOMERS);
    await checkRuns(witness, audit, ids, verdicts);
  };
  const broken = (...invariants: Invariant[]): void => {
    const all: Invariant[] = ["I1", "I2", "I3", "I4", "I8", "I9"];
    assert.deepEqual(
      all.filter((one) => verdicts.brokenOf(one).count > 0),
      invariants,
    );
  };

  test("holds when all is well", async () => {
    const n = order("answered");
    const id = await row(n, DONE, 1);
    ran(n, id, 1, "begun", 10);
    ran(n, id, 1, "done", 20);
    order("refused");
    await check();
    broken();
  });

  test("what was accepted and is not there", async () => {
    order("accepted");
    await check();
    broken("I1");
  });

  test("two rows of one order, and what was refused and kept", async () => {
    for (const n of [order("accepted"), order("refused")]) {
      const ids = [
        await row(n, DONE, 1),
        ...(orders.outcomeOf(n) === "accepted" ? [await row(n, DONE, 1)] : []),
      ];
      ran(n, ids[0]!, 1, "begun", 10);
      ran(n, ids[0]!, 1, "done", 20);
    }
    await check();
    broken("I1");
    assert.equal(verdicts.brokenOf("I1").count, 2);
  });

  test("a result of another attempt, and one that nobody ran to its end", async () => {
    const n = order("answered");
    const id = await row(n, DONE, 2, 1);
    ran(n, id, 1, "begun", 10);
    ran(n, id, 1, "done", 20);
    await check();
    broken("I2", "I3");
  });

  test("what never ended", async () => {
    await row(order("accepted"), QUEUED, 0);
    await check();
    broken("I8");
  });

  test("what is final and written again, an attempt that is taken back, and what is deleted", async () => {
    const id = await row(order("accepted"), DONE, 1);
    await audit.query("update tanda.tasks set result = '{}' where id = $1", [id]);
    const other = await row(order("accepted"), RUNNING, 2);
    await audit.query("update tanda.tasks set attempt = 1 where id = $1", [other]);
    await audit.query("delete from tanda.tasks where id = $1", [other]);
    assert.deepEqual((await audit.broken()).map((one) => one.broken).sort(), [
      "an attempt was taken back",
      "deleted, and nobody asked for that",
      "final, and written again",
    ]);
    assert.deepEqual(await audit.missing([id, other]), [other]);
  });

  for (const hasLapsed of [true, false])
    test(`two runs at once, where the older one's lease had ${hasLapsed ? "" : "not "}ended`, async () => {
      const n = order("answered");
      const id = await row(n, RUNNING, 2);
      const until = hasLapsed ? "now() - interval '1 s'" : "now() + interval '1 s'";
      await audit.query(`update tanda.tasks set lease_until = ${until} where id = $1`, [id]);
      await audit.query(`update tanda.tasks set state = ${QUEUED} where id = $1`, [id]);
      const result = JSON.stringify({ attempt: 3, digest: digestOf(n, n % CUSTOMERS) });
      await audit.query(`update tanda.tasks set state = ${DONE}, attempt = 3, result = $2 where id = $1`, [
        id,
        result,
      ]);
      ran(n, id, 2, "begun", 10);
      ran(n, id, 3, "begun", 20, 2);
      ran(n, id, 2, "done", 30);
      ran(n, id, 3, "done", 40, 2);
      await check();
      broken(...(hasLapsed ? [] : (["I3"] as const)));
    });

  test("holds when a first attempt rides behind the one that overtook it", async () => {
    const n = order("answered");
    const id = await row(n, DONE, 2);
    ran(n, id, 2, "begun", 10, 2);
    ran(n, id, 1, "begun", 20);
    ran(n, id, 1, "left", 30);
    ran(n, id, 2, "done", 40, 2);
    await check();
    broken();
  });

  test("an attempt after the first that is run twice", async () => {
    const n = order("answered");
    const id = await row(n, DONE, 2);
    for (const at of [10, 30]) {
      ran(n, id, 2, "begun", at);
      ran(n, id, 2, "done", at + 10);
    }
    await check();
    broken("I3");
  });

  test("files that are never closed", () => {
    compareHoldings(new Map([["files", 100]]), new Map([["files", 150]]), verdicts);
    broken("I9");
  });
});
