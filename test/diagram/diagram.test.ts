import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemOfTopology } from "../../src/diagram/from-topology.ts";
import { systemOfViews, type Views } from "../../src/diagram/from-views.ts";
import { toMermaid } from "../../src/diagram/mermaid.ts";
import { pictureOf, type System } from "../../src/diagram/picture.ts";
import { toPlantuml } from "../../src/diagram/plantuml.ts";
import type { NodeView, StatsView, WorkerView } from "../../src/protocol/messages.ts";
import { readTopology } from "../../src/up/topology.ts";
import { startNode } from "../../src/node/start-node.ts";
import { runCli } from "../cli/run-cli.ts";
import { readMermaid, readPlantuml, type Read } from "./grammar.ts";

function told(flags: Record<string, string>, { isFull = false, env = {} } = {}): System {
  const given = new Map(Object.entries(flags));
  return systemOfTopology(readTopology(isFull, (name) => given.get(name), false, env));
}

/** In both languages, which must tell the same. */
function drawn(system: System): Read {
  const picture = pictureOf(system);
  const mermaid = readMermaid(toMermaid(picture));
  const plantuml = readPlantuml(toPlantuml(picture));
  assert.deepEqual([...mermaid.boxes.keys()], [...plantuml.boxes.keys()]);
  assert.deepEqual(mermaid.arrows, plantuml.arrows);
  return mermaid;
}

describe("a topology that flags tell", () => {
  test("nodes behind a balancer, that answer for each other", () => {
    const { boxes, arrows } = drawn(told({ nodes: "3", balancer: "nginx", listen: "9100" }));
    assert.equal(boxes.get("balancer"), "nginx<br/>127.0.0.1:9100");
    assert.equal(boxes.get("node_3"), "node 3<br/>gateway, worker, SQLite<br/>127.0.0.1:9103");
    assert.deepEqual(arrows, [
      "clients balancer",
      "balancer nodes",
      "node_1 node_2",
      "node_1 node_3",
      "node_2 node_3",
    ]);
  });

  test("gateways and workers with a queue, a store and blobs, each where it is", () => {
    const flags = {
      gateways: "2",
      workers: "1",
      queue: "amqp://app@mq:5672/v",
      store: "postgres://app@db/x",
    };
    const { boxes, arrows } = drawn(told({ ...flags, blobs: "s3://bucket/prefix?endpoint=http://s3" }));
    assert.equal(boxes.get("queue"), "RabbitMQ<br/>queue: who is next<br/>mq:5672");
    assert.equal(boxes.get("store"), "PostgreSQL<br/>store: what happened<br/>db");
    assert.equal(boxes.get("blobs"), "S3<br/>blobs: large values<br/>bucket");
    assert.equal(
      [...boxes.keys()].filter((id) => /^(gateway|worker)_/.test(id)).join(),
      "gateway_1,gateway_2,worker_1",
    );
    assert.deepEqual(arrows.slice(0, 4), [
      "clients balancer",
      "balancer gateways",
      "gateways queue",
      "queue workers",
    ]);
  });

  test("where the store says who is next, it is one box", () => {
    const { boxes, arrows } = drawn(told({ store: "postgres://db/x" }));
    assert.ok(!boxes.has("queue"));
    assert.equal(boxes.get("store"), "PostgreSQL<br/>store and queue<br/>db");
    assert.ok(arrows.includes("workers store"));
  });

  test("no password is drawn", () => {
    const env = {
      TANDA_QUEUE: "amqp://app:secret@mq",
      TANDA_STORE: "postgres://app:s%40cret@db:1/x?passwordFile=/secret",
    };
    const picture = pictureOf(told({ workers: "1" }, { env }));
    for (const text of [toMermaid(picture), toPlantuml(picture)])
      assert.doesNotMatch(text, /secret|s%40cret|app[:@]/);
  });

  test("the largest there is, and `full`", () => {
    assert.equal(
      drawn(told({ gateways: "64", workers: "64" }, { env: { TANDA_STORE: "postgres://db" } })).boxes.size,
      134,
    );
    assert.equal(drawn(told({ nodes: "64" })).arrows.length, 2);
    assert.ok(
      drawn(told({}, { isFull: true }))
        .boxes.get("queue")!
        .startsWith("RabbitMQ"),
    );
  });
});

const uses = { queue: "rabbitmq", store: "postgres", blobs: "s3" };

function node(number: number, roles: string[], more: Partial<NodeView> = {}): NodeView {
  return {
    node: number,
    pid: 1,
    version: "1.2.3",
    roles,
    state: "ready",
    startedAt: 0,
    rssBytes: 0,
    connections: 1234,
    listen: [`10.0.0.${number}:9000`],
    uses,
    ...more,
  };
}

function worker(number: number): WorkerView {
  const thread = (thread: number, state: "idle" | "busy") => ({ thread, state, tasks: [] });
  const threads = [thread(0, "busy"), thread(1, "idle")];
  return {
    worker: String(number),
    node: number,
    pid: 2,
    state: "running",
    startedAt: 0,
    rssBytes: 0,
    threads,
  };
}

const stats = {
  states: { done: 12_345, queued: 6, scheduled: 1, failed: 2 },
  perSecond: { submitted: 0, finished: 99.6, failed: 0 },
} as unknown as StatsView;

describe("a system that runs", () => {
  const views: Views = {
    nodes: [node(1, ["gateway"]), node(2, ["worker"], { listen: [] }), node(3, ["gateway", "worker"])],
    workers: [worker(2), worker(3)],
    stats,
    asked: "10.0.0.9:9000",
  };

  test("shows what each does, how much there is of everything, and the servers it uses", () => {
    const { boxes, arrows } = drawn(systemOfViews(views));
    assert.equal(boxes.get("gateway_1"), "gateway 1<br/>10.0.0.1:9000<br/>1,234 connections");
    assert.equal(boxes.get("worker_2"), "worker 2<br/>2 threads, 1 busy");
    assert.equal(boxes.get("node_3"), "node 3<br/>10.0.0.3:9000<br/>1,234 connections<br/>2 threads, 1 busy");
    assert.equal(boxes.get("queue"), "RabbitMQ<br/>queue: who is next<br/>7 waiting");
    assert.equal(boxes.get("store"), "PostgreSQL<br/>store: what happened<br/>12,354 tasks");
    assert.ok(
      arrows.includes("nodes queue") && arrows.includes("queue workers") && arrows.includes("nodes blobs"),
    );
    const text = toMermaid(pictureOf(systemOfViews(views)));
    assert.match(text, /^title: "Tanda 1\.2\.3: 12,345 tasks done, 7 waiting, 100 a second"$/m);
  });

  test("somebody stands before the nodes when none of them listens where it was asked", () => {
    assert.equal(
      drawn(systemOfViews({ ...views, asked: "10.0.0.9:9999" })).boxes.get("balancer"),
      "balancer<br/>10.0.0.9:9999",
    );
    for (const asked of ["localhost:9000", null])
      assert.ok(!drawn(systemOfViews({ ...views, asked })).boxes.has("balancer"));
  });

  test("nodes with a file each have it in them, and one that is down is drawn so", () => {
    const alone = { queue: "embedded", store: "sqlite", blobs: "files" };
    const down = { ...node(2, [], { state: "down", version: "", connections: 0 }) };
    const { uses: _none, ...unknown } = down;
    const nodes = [node(1, ["gateway", "worker"], { uses: alone }), unknown];
    const system = systemOfViews({ ...views, nodes });
    const { boxes, arrows } = drawn(system);
    assert.match(boxes.get("node_1")!, /SQLite$/);
    assert.equal(boxes.get("node_2"), "node 2, down<br/>10.0.0.2:9000");
    assert.deepEqual(arrows, ["clients nodes", "node_1 node_2"]);
    assert.match(toMermaid(pictureOf(system)), /^ {2}class node_2 down$/m);
    assert.match(toPlantuml(pictureOf(system)), /as node_2 #line\.dashed$/m);
  });

  test("what comes from outside cannot break out of its quotation marks", () => {
    const listen = ['"]--> x["; #1; <b>\\n`'];
    const odd = systemOfViews({ ...views, nodes: [node(1, ["gateway"], { listen })] });
    assert.ok(drawn(odd).boxes.has("gateway_1"));
  });
});

describe("the verb", () => {
  test("asks the server, when no flag tells a topology", async () => {
    await using node = await startNode({
      data: ":memory:",
      threads: 1,
      actions: {},
      listen: ["127.0.0.1:0"],
    });
    const { port } = node.addresses[0]!;
    for (const [language, read] of [
      ["mermaid", readMermaid],
      ["plantuml", readPlantuml],
    ] as const) {
      const { code, stdout, stderr } = await runCli(["diagram", language], {
        server: `tanda://127.0.0.1:${port}`,
      });
      assert.equal(code, 0, stderr);
      const { boxes } = read(stdout);
      assert.match(boxes.get("node_0")!, new RegExp(`node 0.*127\\.0\\.0\\.1:${port}.*SQLite`));
    }
  });

  test("draws what flags tell without asking anybody, and says what it does not know", async () => {
    const { code, stdout } = await runCli(["diagram", "plantuml", "--nodes", "2", "--json"], {
      server: "127.0.0.1:1",
    });
    assert.equal(code, 0);
    assert.equal(readPlantuml((JSON.parse(stdout) as { text: string }).text).boxes.size, 5);
    for (const [args, said] of [
      [["diagram", "mermade"], /did you mean mermaid\?/],
      [["diagram", "mermaid", "fool"], /unknown: diagram mermaid fool/],
      [["diagram", "mermaid", "--nodes", "many"], /--nodes is a whole number/],
    ] as const) {
      const wrong = await runCli(args);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, said);
    }
  });
});
