import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import type { Message } from "../../src/queue/queue.ts";
import { Postgres } from "../services/postgres.ts";
import { newSchema, openQueue } from "./open-postgres-queue.ts";
import { remoteQueueContract } from "./remote-queue-contract.ts";
import { arrived, message, queueContract, takeSoon } from "./queue-contract.ts";
import { until } from "../until.ts";

const anyRoom = (): number => Infinity;
const byId = (a: Message, b: Message): number => (a.spec.id < b.spec.id ? -1 : 1);

describe("PostgreSQL", { skip: needs("postgres").skip, timeout: 120_000 }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  type Counts = { all: number; free: number };
  const count = async (schema: string): Promise<Counts> => {
    const sql = `select count(*)::int as all, (count(*) filter (where taken_until is null))::int as free from ${schema}.parcels`;
    return (await postgres.query<Counts>(sql))[0]!;
  };
  const untilCounts = async (schema: string, expected: Partial<Counts>): Promise<void> => {
    const late = performance.now() + 10_000;
    for (;;) {
      const found = await count(schema);
      if (Object.entries(expected).every(([name, value]) => found[name as keyof Counts] === value)) return;
      assert.ok(performance.now() < late, `${JSON.stringify(found)} and not ${JSON.stringify(expected)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** A parcel that no publisher of ours made, and that nobody is told of. */
  const insert = (schema: string, form: number, body: string): Promise<unknown> =>
    postgres.query(
      `insert into ${schema}.parcels (form, lane, priority, tasks, fullness, oldest_at, body)
       values ($1, 'default', 1, 1, 1, 0, $2)`,
      [form, body],
    );

  queueContract("the PostgreSQL queue", async () => (await openQueue(postgres.url, newSchema())).queue);
  remoteQueueContract(
    "the PostgreSQL queue",
    newSchema,
    async (...how) => (await openQueue(postgres.url, ...how)).queue,
  );

  test("many tasks travel in one parcel, all of them arrive, and gone is what is settled whole", async () => {
    const schema = newSchema();
    const { queue: sender, told } = await openQueue(postgres.url, schema, { consumes: false });
    await using _sender = sender;
    const messages = Array.from({ length: 5000 }, () => message());
    sender.publish(messages);
    await untilCounts(schema, { all: 25, free: 25 });
    const { queue: taker } = await openQueue(postgres.url, schema, { prefetch: 1 });
    await using _taker = taker;
    const [first] = await takeSoon(taker, 1);
    const others = taker.take(1000, anyRoom);
    assert.equal(others.length, 199, "with one parcel here, what is taken together came together");
    taker.settle(others);
    await untilCounts(schema, { all: 25, free: 24 });
    taker.settle([first!]);
    const taken = [first!, ...others];
    await until("all are taken", () => {
      const some = taker.take(1000, anyRoom);
      taker.settle(some);
      taken.push(...some);
      return taken.length === 5000;
    });
    assert.deepEqual(taken, messages);
    await untilCounts(schema, { all: 0 });
    assert.deepEqual(told.unpublished, []);
  });

  test("few tasks travel together of an action that takes long", async () => {
    const schema = newSchema();
    const tasksAtOnce = (action: string): number => (action === "slow" ? 2 : 200);
    const { queue } = await openQueue(postgres.url, schema, { consumes: false, tasksAtOnce });
    await using _queue = queue;
    queue.publish(Array.from({ length: 10 }, () => message({ action: "slow" })));
    await untilCounts(schema, { all: 5 });
    queue.publish(Array.from({ length: 100 }, () => message({ queue: "quick" })));
    await untilCounts(schema, { all: 6 });
  });

  test("no more than the prefetch is here unsettled; of parcels that are nearly empty, as many more", async () => {
    const schema = newSchema();
    const tasksAtOnce = (action: string): number => (action === "slow" ? 1 : 200);
    const { queue } = await openQueue(postgres.url, schema, { tasksAtOnce, prefetch: 4 });
    await using _queue = queue;
    queue.publish(Array.from({ length: 20 }, () => message({ action: "slow" })));
    const first = await takeSoon(queue, 4);
    await untilCounts(schema, { all: 20, free: 16 });
    assert.deepEqual(queue.take(10, anyRoom), []);
    queue.settle(first.slice(0, 3));
    assert.equal((await takeSoon(queue, 3)).length, 3);
    await untilCounts(schema, { all: 17, free: 13 });
    assert.deepEqual(queue.take(10, anyRoom), []);
    for (let n = 0; n < 20; n++) {
      queue.publish([message({ queue: "quick" })]);
      await untilCounts(schema, { all: 18 + n });
    }
    assert.equal((await takeSoon(queue, 20)).length, 20);
  });

  test("a flood of low priority does not hold up what is urgent; what has waited for long goes first all the same", async () => {
    const schema = newSchema();
    const { queue: sender } = await openQueue(postgres.url, schema, { consumes: false });
    await using _sender = sender;
    const old = message({ priority: 0, at: 1_800_000_000_000 - 3_600_000 });
    sender.publish([old, ...Array.from({ length: 3000 }, () => message({ priority: 0 }))]);
    const urgent = Array.from({ length: 10 }, () => message({ priority: 3 }));
    sender.publish(urgent);
    const { queue } = await openQueue(postgres.url, schema);
    await using _queue = queue;
    await arrived(queue, [old, ...urgent]);
    assert.deepEqual(queue.take(11, anyRoom), [old, ...urgent]);
  });

  test("what nobody told of is found", async () => {
    const schema = newSchema();
    const { queue: sender } = await openQueue(postgres.url, schema, { consumes: false });
    const sent = message();
    sender.publish([sent]);
    await sender.close();
    const [row] = await postgres.query<{ body: string }>(`delete from ${schema}.parcels returning body`);
    const { queue } = await openQueue(postgres.url, schema);
    await using _queue = queue;
    await insert(schema, 1, row!.body);
    assert.deepEqual(await takeSoon(queue, 1), [sent]);
  });

  test("a parcel of an unknown version is told, and left alone; others are not held up by it", async () => {
    const schema = newSchema();
    const { queue, told } = await openQueue(postgres.url, schema);
    const body = JSON.stringify({ v: 99, wonders: true });
    for (let n = 0; n < 3; n++) await insert(schema, 99, body);
    await until("it is told", () => told.unreadable.length > 0);
    const why = "its version is 99, ours 1";
    assert.deepEqual(told.unreadable, [
      { queue: "default", bytes: body.length, isUnknownVersion: true, why },
    ]);
    queue.publish([message()]);
    queue.settle(await takeSoon(queue, 1));
    await queue.close();
    await untilCounts(schema, { all: 3, free: 3 });
    assert.deepEqual(await postgres.query(`select distinct body from ${schema}.parcels`), [{ body }]);
    assert.equal(told.unreadable.length, 1);
  });

  test("what nobody can read is told and thrown away", async () => {
    const schema = newSchema();
    const { queue, told } = await openQueue(postgres.url, schema);
    const bodies = [
      "nonsense",
      "null",
      "{}",
      '{"v":1}',
      '{"v":1,"queue":"default","priority":1,"policies":[],"tasks":[[1]]}',
    ];
    for (const body of bodies) await insert(schema, 1, body);
    await until("all are told", () => told.unreadable.length === bodies.length);
    assert.ok(told.unreadable.every(({ isUnknownVersion }) => !isUnknownVersion));
    await untilCounts(schema, { all: 0 });
    await queue.close();
  });

  test("what is given back at the end comes to others: as it was when nobody began it, else as a repeat", async () => {
    const schema = newSchema();
    const { queue: first } = await openQueue(postgres.url, schema);
    const messages = Array.from({ length: 6 }, () => message());
    first.publish(messages);
    await arrived(first, messages);
    const [settled, begun] = first.take(2, anyRoom);
    first.settle([settled!]);
    await first.close();
    const { queue: second } = await openQueue(postgres.url, schema);
    await using _second = second;
    const expected = [...messages.slice(2), { ...begun!, isRide: false, isRepeat: true as const }];
    await arrived(second, expected);
    const taken = second.take(10, anyRoom);
    assert.deepEqual(taken.sort(byId), expected.sort(byId));
    second.settle(taken);
    await untilCounts(schema, { all: 0 });
  });

  test("a paused queue's tasks that were here already go back for others", async () => {
    const schema = newSchema();
    const { queue: first } = await openQueue(postgres.url, schema);
    await using _first = first;
    const messages = Array.from({ length: 5 }, () => message());
    first.publish(messages);
    await arrived(first, messages);
    first.pause("default");
    await until("none is here", () => messages.every(({ spec }) => first.position(spec.id) === null));
    const { queue: second } = await openQueue(postgres.url, schema);
    await using _second = second;
    assert.deepEqual(await takeSoon(second, 5), messages);
  });

  test("knows how much waits that is not here", async () => {
    const schema = newSchema();
    const { queue: sender } = await openQueue(postgres.url, schema, { consumes: false });
    const messages = Array.from({ length: 450 }, (_, n) =>
      message({ queue: n % 3 ? "a" : "b", at: 1000 + n }),
    );
    sender.publish(messages);
    await sender.close();
    const { queue } = await openQueue(postgres.url, schema, { consumes: false });
    await using _queue = queue;
    await until("it has counted", () => queue.depths().length > 0);
    const depths = queue.depths().sort((x, y) => (x.queue < y.queue ? -1 : 1));
    assert.deepEqual(
      depths.map(({ queue: name, waiting, oldestAt }) => [name, waiting, oldestAt]),
      [
        ["a", 300, 1001],
        ["b", 150, 1000],
      ],
    );
    assert.ok(depths.every(({ waiting, waitingBytes }) => waitingBytes > waiting * 50));
  });

  test("keeps what it has no room to send from growing, and tells it; the password is told to nobody", async () => {
    const { queue, told } = await openQueue("postgres://app:secret-word@127.0.0.1:1/none", newSchema(), {
      bufferTasks: 10,
      confirmMs: 300,
    });
    await using _queue = queue;
    queue.publish(Array.from({ length: 15 }, () => message()));
    assert.deepEqual(told.unpublished, [], "not within the call");
    await until("what is too much is told", () => told.unpublished.length === 5);
    await until("the rest is told when its time is over", () => told.unpublished.length === 15);
    assert.equal(new Set(told.unpublished.map(({ id }) => id)).size, 15);
    assert.deepEqual(queue.health, { isPublishing: false, isConsuming: false, blocked: null });
    assert.ok(told.troubles.length > 0);
    assert.ok(!told.troubles.join().includes("secret-word"), told.troubles.join());
  });

  test("of several that start at once, one makes the tables; what a newer Tanda wrote is left as it is", async () => {
    const schema = newSchema();
    const opened = await Promise.all(Array.from({ length: 5 }, () => openQueue(postgres.url, schema)));
    for (const { queue, told } of opened) {
      assert.deepEqual(told.troubles, []);
      assert.equal(queue.health.isPublishing, true);
      await queue.close();
    }
    await postgres.query(`update ${schema}.queue_version set version = 99`);
    const { queue, told } = await openQueue(postgres.url, schema);
    await using _queue = queue;
    assert.match(told.troubles[0]!, /A newer Tanda wrote the queue/);
    assert.equal(queue.health.isPublishing, false);
    assert.deepEqual(await postgres.query(`select version from ${schema}.queue_version`), [{ version: 99 }]);
  });
});
