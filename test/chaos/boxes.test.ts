/** Each box of the drawing is killed, stopped, wiped or taken away under load: nothing accepted is lost, nothing is recorded twice. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectAmqp, type ChannelModel } from "amqplib";
import { connect } from "../../src/client/client.ts";
import { laneName } from "../../src/queue/remote-lane.ts";
import { PRIORITIES } from "../../src/task/task.ts";
import { needs } from "../../scripts/system-programs.ts";
import { Lines, type LineReply } from "../e2e/lines.ts";
import type { NodeProcess } from "../e2e/node-process.ts";
import { childrenOf } from "../e2e/serve-process.ts";
import { Load } from "./load.ts";
import { lostAnswersSuite } from "./lost-answers-suite.ts";
import { rowsWhere, type Row } from "./psql.ts";
import { LEASE_MS, leasedTo, Stack } from "./stack.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };
const PATIENT = { timeout: 150_000 };

const skip =
  needs("haproxy").skip || needs("postgres").skip || needs("psql").skip || needs("rabbitmq-server").skip;
/** Long enough that who is found at it is at it still when it is harmed. */
const LONG_MS = 3000;
const GONE_MS = 8000;
const STORE_GONE_MS = 6000;

/** As the queue itself has it: what the broker's administration tells is seconds old. */
async function messagesIn(broker: ChannelModel, queue: string): Promise<number> {
  const channel = await broker.createChannel();
  channel.on("error", () => {});
  try {
    const { messageCount } = await channel.checkQueue(queue);
    await channel.close();
    return messageCount;
  } catch {
    // There is none, and the channel is closed for it.
    return 0;
  }
}

describe("each box of the drawing", { skip, timeout: 480_000 }, () => {
  let stack: Stack;
  let url: string;
  let first: { gateway: NodeProcess; worker: NodeProcess };
  let second: { gateway: NodeProcess; worker: NodeProcess };
  before(async () => {
    stack = await Stack.start({ brokers: 1, workers: 2 });
    url = stack.postgres.url;
    const [gateways, workers] = [stack.fleet.gateways, stack.fleet.workers];
    first = { gateway: gateways[0]!, worker: workers[0]! };
    second = { gateway: gateways[1]!, worker: workers[1]! };
  }, START);
  after(() => stack?.[Symbol.asyncDispose]());

  const startLoad = async (name: string, longMs?: number): Promise<Load> => {
    const load = new Load(name, stack.port, longMs === undefined ? {} : { longMs });
    await load.recovery();
    return load;
  };
  const lostRuns = (rows: readonly Row[]): number =>
    rows.filter(({ history }) => history?.includes("was lost while it ran")).length;

  test("a gateway is killed", PATIENT, async (t) => {
    await using load = await startLoad("gateway");
    const lostBefore = load.lost;
    const ms = await load.recovery(() => first.gateway.kill());
    assert.ok(load.lost > lostBefore, "nobody was connected to it");
    await first.gateway.start();
    const rows = await load.settle(url);
    t.diagnostic(`all clients had answers after ${ms} ms; ${rows.length} tasks`);
  });

  test("a worker is killed", PATIENT, async (t) => {
    await using load = await startLoad("worker", LONG_MS);
    const from = Date.now();
    const inHand = await stack.untilLeased(first.worker, LONG_MS);
    const ms = await load.recovery(() => first.worker.kill());
    const killedAt = performance.now();
    try {
      await stack.untilSaid(/its worker was lost/, from);
    } finally {
      await first.worker.start();
    }
    const reapedMs = Math.round(performance.now() - killedAt);
    const rows = await load.settle(url);
    assert.ok(lostRuns(rows) > 0, "it had nothing in hand");
    for (const { id } of inHand) assert.ok(rows.find((row) => row.id === id)!.attempt >= 1);
    t.diagnostic(
      `quick calls went on after ${ms} ms, it was missed, and was there again ${reapedMs} ms later`,
    );
  });

  test("a worker stands still past its lease, and wakes up", PATIENT, async (t) => {
    await using load = await startLoad("standing", LONG_MS);
    const pids = [first.worker.pid, ...childrenOf(first.worker.pid)];
    const from = Date.now();
    await stack.untilLeased(first.worker, LONG_MS);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const inHand = await rowsWhere(url, leasedTo(first.worker.pid));
    const ids = inHand.map(({ id }) => `'${id}'`).join();
    let rows: Row[];
    const ms = await load.recovery(async () => {
      try {
        await delay(LEASE_MS);
        rows = await stack.untilRows(`id in (${ids})`, (all) => lostRuns(all) === all.length);
      } finally {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      }
    });
    assert.ok(inHand.length > 0, "it had nothing in hand when it stood still");
    assert.ok(stack.said(/its worker was lost/, from).length > 0);
    await load.settle(url);
    const after = await rowsWhere(url, `id in (${ids})`);
    for (const { result } of after)
      assert.ok((result as { attempt: number }).attempt > 1, "what it had lost was recorded as its own");
    t.diagnostic(`${rows!.length} tasks were taken from it; all clients had answers after ${ms} ms`);
  });

  test("the balancer is killed", PATIENT, async (t) => {
    await using load = await startLoad("balancer");
    const lostBefore = load.lost;
    const ms = await load.recovery(async () => {
      await stack.balancer.kill9();
      await stack.balancer.start();
    });
    assert.ok(load.lost >= lostBefore + 4, "a client did not notice");
    await load.settle(url);
    t.diagnostic(`all clients had answers ${ms} ms after it was killed`);
  });

  test(
    "each gateway and each worker is stopped by SIGTERM and started again, and no client sees an error",
    PATIENT,
    async (t) => {
      await using load = await startLoad("rolling");
      const tookMs: number[] = [];
      for (const node of [first.gateway, first.worker, second.gateway, second.worker]) {
        const from = performance.now();
        const pid = node.pid;
        assert.equal(await node.kill("SIGTERM"), 0, "it ended by itself, and well");
        await node.start();
        assert.notEqual(node.pid, pid);
        await load.recovery();
        tookMs.push(Math.round(performance.now() - from));
      }
      const rows = await load.settle(url);
      assert.equal(lostRuns(rows), 0, "a worker that stops loses nothing");
      t.diagnostic(`each took ${tookMs.join(", ")} ms; ${rows.length} tasks`);
    },
  );

  test(
    "RabbitMQ is killed and stays away: tasks are accepted and end all the same, and it catches up",
    PATIENT,
    async (t) => {
      await using load = await startLoad("broker");
      const from = Date.now();
      let answeredWhileAway = 0;
      let lastMs = 0;
      await using client = connect(`tanda://127.0.0.1:${stack.port}`);
      const until = performance.now() + GONE_MS;
      const ms = await load.recovery(() => stack.rabbit.first.kill9());
      while (performance.now() < until || answeredWhileAway < 2) {
        const begunAt = performance.now();
        const handle = await client.$.submit("tell", { client: "broker 9", n: answeredWhileAway });
        await handle.result();
        lastMs = Math.round(performance.now() - begunAt);
        answeredWhileAway++;
      }
      const backMs = await load.recovery(() => stack.rabbit.first.start());
      assert.ok(stack.said(/queue cannot be reached/, from).length > 0, "nobody missed it");
      await load.settle(url);
      t.diagnostic(
        `without it: all clients had answers after ${ms} ms, ${answeredWhileAway} more one after another, the last in ${lastMs} ms; all went on ${backMs} ms after it began to start`,
      );
    },
  );

  test("RabbitMQ's queues are deleted while they are full", PATIENT, async (t) => {
    await using load = await startLoad("wiped");
    await using client = connect(`tanda://127.0.0.1:${stack.port}`);
    const handles = await Promise.all(
      Array.from({ length: 160 }, (_, n) => client.$.submit("occupy", { client: "wiped 9", n, ms: 60 })),
    );
    const admin = await connectAmqp(stack.rabbit.url);
    const full = `tanda.${laneName("default", "occupy")}.normal`;
    for (const until = performance.now() + 10_000; (await messagesIn(admin, full)) < 30; await delay(10))
      assert.ok(performance.now() < until, "the broker never had many");
    const channel = await admin.createChannel();
    let deleted = 0;
    const begunAt = performance.now();
    const ms = await load.recovery(async () => {
      for (const action of [null, "tell", "occupy"])
        for (const rides of ["", "~rides"])
          for (const priority of PRIORITIES) {
            const name = `tanda.${laneName("default", action)}${rides}.${priority}`;
            deleted += (await channel.deleteQueue(name)).messageCount;
          }
    });
    await admin.close();
    assert.ok(deleted > 10, `${deleted} messages were in them`);
    const told = (await Promise.all(handles.map((handle) => handle.result()))) as { n: number }[];
    const allMs = Math.round(performance.now() - begunAt);
    assert.deepEqual(
      told.map(({ n }) => n),
      handles.map((_, n) => n),
    );
    await load.settle(url);
    t.diagnostic(
      `${deleted} messages deleted; all clients had answers after ${ms} ms, and the whole backlog after ${allMs} ms`,
    );
  });

  test(
    "PostgreSQL is killed and stays away: who asks is told to come again, nothing is lost, it goes on by itself",
    PATIENT,
    async (t) => {
      await using load = await startLoad("store");
      await using aside = await startLoad("aside");
      using lines = await Lines.open(stack.port);
      const replies: LineReply[] = [];
      const ms = await load.recovery(async () => {
        await stack.postgres.kill9();
        const until = performance.now() + STORE_GONE_MS;
        while (performance.now() < until) {
          const asked = { action: "tell", payload: { client: "nobody", n: replies.length } };
          replies.push(await lines.ask({ ...asked, options: { wait: false } }));
          await delay(100);
        }
        await stack.postgres.start();
      });
      const codes = replies.map(({ result }) => result?.error?.code);
      assert.ok(
        codes.every((code) => code === "busy" || code === "unavailable"),
        JSON.stringify(replies),
      );
      const busy = replies.filter(({ result }) => result?.error?.code === "busy");
      assert.ok(busy.length > 10, "after a moment it is known to be away");
      for (const { result } of busy) assert.ok(result!.error!.retryAfterMs! > 0);
      await aside.settle(url);
      const rows = await load.settle(url);
      t.diagnostic(
        `${busy.length} of ${replies.length} askers were told busy; all clients had answers ${ms - STORE_GONE_MS} ms after it began to start; ${rows.length} tasks`,
      );
    },
  );

  lostAnswersSuite(() => ({ stack, first, second }));
});
