/** RabbitMQ as a cluster of three and an S3 server, killed under load with large values: nothing accepted is lost, or recorded twice. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { needs } from "../../scripts/system-programs.ts";
import { Lines } from "../e2e/lines.ts";
import { Ceph } from "../services/ceph.ts";
import type { RabbitMQNode } from "../services/rabbitmq.ts";
import { Load } from "./load.ts";
import { Stack } from "./stack.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };
const PATIENT = { timeout: 150_000 };

const skip =
  needs("haproxy").skip ||
  needs("postgres").skip ||
  needs("psql").skip ||
  needs("rabbitmq-server").skip ||
  needs("radosgw").skip ||
  needs("ceph-mon").skip ||
  needs("ceph-osd").skip;
const NODES = 3;
const GONE_MS = 3000;

describe("a cluster of three brokers, and an S3 server", { skip, timeout: 480_000 }, () => {
  let ceph: Ceph;
  let stack: Stack;
  before(async () => {
    ceph = await Ceph.start();
    const blobs = ceph.url(await ceph.makeBucket());
    stack = await Stack.start({ brokers: NODES, workers: 2, blobs, env: ceph.env });
  }, START);
  after(async () => {
    await stack?.[Symbol.asyncDispose]();
    await ceph?.[Symbol.asyncDispose]();
  });

  /** Of the queue that the load's tasks go through. */
  const leader = async (asked: RabbitMQNode): Promise<number> => {
    const told = await asked.ctl("list_queues", "name", "leader");
    const node = /^tanda\.default\.normal\s+tanda\d+n(\d)@/m.exec(told);
    assert.ok(node, told);
    return Number(node[1]);
  };

  test("the node that leads the queue is killed", PATIENT, async (t) => {
    const { nodes } = stack.rabbit;
    await using load = new Load("leader", stack.port);
    await load.recovery();
    const number = await leader(nodes[0]!);
    const ms = await load.recovery(() => nodes[number]!.kill9());
    const next = await leader(nodes[(number + 1) % NODES]!);
    assert.notEqual(next, number, "another leads");
    const rows = await load.settle(stack.postgres.url);
    await nodes[number]!.start();
    t.diagnostic(`all clients had answers after ${ms} ms; ${rows.length} tasks`);
  });

  test("all three are killed at once", PATIENT, async (t) => {
    const { nodes } = stack.rabbit;
    await using load = new Load("three", stack.port);
    await load.recovery();
    const from = Date.now();
    const ms = await load.recovery(() => Promise.all(nodes.map((node) => node.kill9())));
    const backMs = await load.recovery(() => Promise.all(nodes.map((node) => node.start())));
    await stack.untilSaid(/queue cannot be reached/, from);
    const rows = await load.settle(stack.postgres.url);
    t.diagnostic(
      `without them all clients had answers after ${ms} ms; all went on ${backMs} ms after they began to start; ${rows.length} tasks`,
    );
  });

  test("the S3 server is killed, while payloads and results go through it", PATIENT, async (t) => {
    await using load = new Load("s3", stack.port, { lanes: ["large", "left"] });
    await load.recovery();
    using lines = await Lines.open(stack.port);
    const payload = { client: "nobody", n: 1, filling: "x".repeat(100_000) };
    let told: string | undefined;
    const ms = await load.recovery(async () => {
      await ceph.killGateway();
      await assert.rejects(fetch(ceph.endpoint), "nobody listens");
      const [reply] = await Promise.all([
        lines.ask({ action: "tellLarge", payload, options: { wait: false } }),
        delay(GONE_MS),
      ]);
      told = reply.result?.error?.code;
      await ceph.startGateway();
    });
    assert.ok(told === "unavailable" || told === "busy", `a large payload was answered with ${told}`);
    const rows = await load.settle(stack.postgres.url);
    const large = rows.filter(({ resultBlob }) => resultBlob !== null);
    assert.ok(large.length > 3, `${large.length} results went there`);
    t.diagnostic(
      `all clients had answers ${ms} ms after it was killed for ${GONE_MS} ms; ${large.length} large results`,
    );
  });
});
