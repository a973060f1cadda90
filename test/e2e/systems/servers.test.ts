/** Systems of many servers: HAProxy or nginx, gateways, RabbitMQ, workers, PostgreSQL and a bucket, each a process of its own. */
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../../scripts/system-programs.ts";
import { runCli } from "../../cli/run-cli.ts";
import { Ceph } from "../../services/ceph.ts";
import type { ConfigServer } from "../../services/config-server.ts";
import { freePorts } from "../../services/free-ports.ts";
import { createHaproxy } from "../../services/haproxy.ts";
import { createNginx } from "../../services/nginx.ts";
import { Postgres } from "../../services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../../services/rabbitmq.ts";
import { FleetProcesses } from "../fleet.ts";
import type { NodeProcess } from "../node-process.ts";
import { freeRow, UpProcess } from "../up-process.ts";
import { postgresRows, sendLines, sendMany } from "./student.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

const skip =
  needs("python3").skip ||
  needs("psql").skip ||
  needs("haproxy").skip ||
  needs("nginx").skip ||
  needs("postgres").skip ||
  needs("rabbitmq-server").skip ||
  needs("radosgw").skip ||
  needs("ceph-mon").skip ||
  needs("ceph-osd").skip;

const LARGE = 200_000;
const LINES = ['echo {"a":[1]}', "upper hola", "sleep 50", "fib 20"];
const ANSWERS = [{ a: [1] }, "HOLA", 50, 6765];

describe(
  "three gateways and two workers around RabbitMQ, PostgreSQL and S3",
  { skip, timeout: 180_000 },
  () => {
    let postgres: Postgres;
    let rabbit: RabbitMQ;
    let ceph: Ceph;
    let fleet: FleetProcesses;
    let bucket: string;

    before(async () => {
      [postgres, rabbit, ceph] = await Promise.all([
        Postgres.start({ fast: true }),
        startRabbitMQ(),
        Ceph.start(),
      ]);
      bucket = await ceph.makeBucket();
      fleet = await FleetProcesses.start({
        store: postgres.url,
        queue: rabbit.url,
        blobs: ceph.url(bucket),
        env: ceph.env,
        gateways: 3,
        workers: 2,
      });
    }, START);
    after(async () => {
      await fleet?.[Symbol.asyncDispose]();
      await Promise.all([postgres, rabbit, ceph].map((server) => server?.[Symbol.asyncDispose]()));
    });

    /** With the configuration that Tanda prints for it. */
    async function startBalancer(kind: "haproxy" | "nginx"): Promise<ConfigServer> {
      const [port] = await freePorts(1);
      const nodes = fleet.gateways.map((gateway) => `127.0.0.1:${gateway.port}`).join();
      const flags = ["--nodes", nodes, "--listen", `127.0.0.1:${port}`, "--proxy", "off"];
      const { code, stdout, stderr } = await runCli(["balancer", kind, ...flags]);
      assert.equal(code, 0, stderr);
      const balancer = (kind === "nginx" ? createNginx : createHaproxy)(port!, stdout);
      await balancer.start();
      return balancer;
    }

    test("many small tasks and a large one go through HAProxy; rows are in PostgreSQL, the large is in the bucket", async () => {
      await using haproxy = await startBalancer("haproxy");
      // Every gateway lets some in, as soon as the balancer has seen that it is well.
      const answered = new Set<number>();
      let sent = 0;
      for (; answered.size < 3; sent += 200)
        for (const node of (await sendMany(haproxy.port, 200)).keys()) answered.add(node);
      const large = "ab".repeat(LARGE / 2);
      const [turned] = await sendLines(haproxy.port, [`reverse ${large}`]);
      assert.equal(turned, "ba".repeat(LARGE / 2));

      type Row = { id: string; payload: string; result: string; at: string };
      const rows = await postgresRows<Row>(
        postgres.url,
        "select id, payload, result, to_timestamp(finished_at / 1000.0) as at from tanda.tasks where action = 'upper'",
      );
      assert.equal(rows.length, sent);
      for (const { payload, result, at } of rows) {
        assert.equal(result, payload.toUpperCase());
        assert.ok(Math.abs(Date.parse(at) - Date.now()) < 600_000);
      }
      const blobs = await postgresRows<{ payload_blob: string; result_blob: string; bytes: number }>(
        postgres.url,
        `select payload_blob, result_blob::json ->> 'id' as result_blob, length(payload) + length(coalesce(result, '')) as bytes
       from tanda.tasks where action = 'reverse'`,
      );
      assert.equal(blobs.length, 1);
      const [{ payload_blob, result_blob, bytes }] = blobs as [(typeof blobs)[0]];
      assert.ok(bytes < 1000, "the row itself is small");
      const client = ceph.client();
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      assert.deepEqual(new Set(Contents.map(({ Key }) => Key)), new Set([payload_blob, result_blob]));
      const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: result_blob }));
      assert.equal(await found.Body!.transformToString(), JSON.stringify(turned));
      client.destroy();
    });

    test("both workers run them, each in threads of its own", async () => {
      const response = await fetch(`http://127.0.0.1:${fleet.gateways[0]!.port}/v1/workers`);
      const workers = (await response.json()) as { pid: number; threads: unknown[] }[];
      assert.deepEqual(
        workers.map(({ threads }) => threads.length),
        [2, 2],
      );
      const hasRun = ({ log }: NodeProcess): boolean => log.some(({ msg }) => msg.startsWith("upper done"));
      // Who is next is RabbitMQ's matter: in the end it is everybody.
      while (!fleet.workers.every(hasRun)) await sendMany(fleet.gateways[0]!.port, 50);
      assert.ok(!fleet.gateways.some(hasRun));
    });

    test("the four actions as lines of JSON go through nginx to three servers and RabbitMQ", async () => {
      await using nginx = await startBalancer("nginx");
      assert.deepEqual(await sendLines(nginx.port, LINES), ANSWERS);
      const rows = await postgresRows(
        postgres.url,
        "select action, result from tanda.tasks where action in ('echo', 'sleep', 'fib') order by action",
      );
      assert.deepEqual(rows, [
        { action: "echo", result: '{"a":[1]}' },
        { action: "fib", result: "6765" },
        { action: "sleep", result: "50" },
      ]);
    });
  },
);

test(
  "the four actions go through nginx on one port to servers on the three after it, without a broker; all are drawn",
  { skip },
  async () => {
    await using up = new UpProcess(await freeRow(4), ["--nodes", "3", "--balancer", "nginx"]);
    await up.ready();
    for (const port of [0, 1, 2, 3].map((offset) => up.port + offset))
      assert.deepEqual(await sendLines(port, LINES), ANSWERS);
    assert.deepEqual([...(await sendMany(up.port, 30)).keys()], [1, 2, 3]);

    // Of what runs, and of what the same flags would start.
    const server = `tanda://127.0.0.1:${up.port}`;
    const flags = ["--nodes", "3", "--balancer", "nginx", "--listen", String(up.port)];
    for (const [kind, begins] of [
      ["mermaid", /^flowchart LR$/m],
      ["plantuml", /^@startuml$/m],
    ] as const) {
      for (const more of [[], flags]) {
        const { code, stdout, stderr } = await runCli(["diagram", kind, ...more], { server });
        assert.equal(code, 0, stderr);
        assert.match(stdout, begins);
        for (const port of up.ports) assert.ok(stdout.includes(`127.0.0.1:${port}`), stdout);
      }
    }
  },
);
