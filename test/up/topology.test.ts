import assert from "node:assert/strict";
import { test } from "node:test";
import { portAfter, readTopology, type Topology } from "../../src/up/topology.ts";

function read(flags: Record<string, string>, env: NodeJS.ProcessEnv = {}, hasToken = false): Topology {
  const given = new Map(Object.entries(flags));
  return readTopology(false, (name) => given.get(name), hasToken, env);
}

test("without flags there are three nodes on the ports after 9000", () => {
  const topology = read({});
  assert.deepEqual(topology, {
    listen: { host: "127.0.0.1", port: 9000 },
    balancer: null,
    parts: { kind: "cluster", nodes: 3 },
  });
  assert.deepEqual([portAfter(topology.listen, 0), portAfter(topology.listen, 2)], [9001, 9003]);
});

test("gateways or workers make it one that shares servers, told by flags or by the environment", () => {
  const shared = read({ gateways: "3", queue: "amqp://q", store: "postgres://s", balancer: "nginx" });
  assert.equal(shared.balancer, "nginx");
  assert.deepEqual(shared.parts, {
    kind: "shared",
    gateways: 3,
    workers: 2,
    servers: { queue: "amqp://q", store: "postgres://s", blobs: null },
  });
  const env = { TANDA_QUEUE: "amqp://e", TANDA_STORE: "postgres://e", TANDA_BLOBS: "s3://b" };
  assert.deepEqual(read({ workers: "1" }, env).parts, {
    kind: "shared",
    gateways: 2,
    workers: 1,
    servers: { queue: "amqp://e", store: "postgres://e", blobs: "s3://b" },
  });
  assert.equal(read({ nodes: "2" }, env).parts.kind, "cluster");
});

test("`full` has servers of its own, and takes no addresses of others by flags", () => {
  const env = { TANDA_QUEUE: "amqp://e", TANDA_STORE: "postgres://e" };
  const { parts } = readTopology(true, (name) => (name === "workers" ? "4" : undefined), false, env);
  assert.deepEqual(parts, { kind: "shared", gateways: 2, workers: 4, servers: "private" });
  assert.throws(
    () => readTopology(true, (name) => (name === "store" ? "postgres://s" : undefined), false, {}),
    {
      message: /`full` starts servers of its own: leave out --store/,
    },
  );
});

for (const [flags, said] of [
  [{ nodes: "0" }, /--nodes is a whole number from 1 to 64, not "0"/],
  [{ nodes: "3x" }, /--nodes is a whole number/],
  [{ gateways: "2" }, /--store is missing/],
  [{ store: "postgres://app:secret@db/app" }, /--store has a password in it/],
  [{ workers: "2", queue: "amqp://q" }, /--store is missing/],
  [{ nodes: "2", workers: "2" }, /neither --gateways and --workers/],
  [{ balancer: "apache" }, /--balancer is haproxy, nginx, builtin, not "apache"/],
  [{ listen: "9000,proxy" }, /--listen cannot be/],
  [{ listen: "127.0.0.1:0" }, /--listen cannot be/],
  [{ listen: "0.0.0.0:9000" }, /can be reached from other machines, and there is no token/],
  [{ listen: "65534" }, /leaves no ports for 3/],
] as const) {
  test(`refuses ${JSON.stringify(flags)}`, () => {
    assert.throws(() => read(flags), { code: "bad_request", message: said });
  });
}

test("may be reached from other machines with a token", () => {
  assert.equal(read({ listen: "0.0.0.0:9000" }, {}, true).listen.host, "0.0.0.0");
});
