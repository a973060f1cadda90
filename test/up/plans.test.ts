/** What processes of ours are told: by their command lines, which everybody sees, and by their environment, which nobody else does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { balancerPlan } from "../../src/up/balancer-plan.ts";
import type { ProcessPlan } from "../../src/up/process-plan.ts";
import { clusterPlans, sharedPlans, type TandaSetup } from "../../src/up/tanda-plans.ts";
import type { Topology } from "../../src/up/topology.ts";

const setup: TandaSetup = {
  folder: "/data/up",
  tanda: ["/bin/node", "/tanda/main.js"],
  env: {
    PATH: "/bin",
    TANDA_STORE: "postgres://elsewhere",
    TANDA_LISTEN: "0.0.0.0:1",
    TANDA_MAX_QUEUED: "7",
  },
  token: null,
  processors: 4,
  flags: ["--actions", "/a.ts"],
};
const base = { listen: { host: "127.0.0.1", port: 9000 }, balancer: null } as const;

function line({ command }: ProcessPlan): string {
  const { program, args } = command();
  return [program, ...args].join(" ");
}

test("nodes know each other, share the processors, and are told nothing that is meant for others", () => {
  const parts = { kind: "cluster", nodes: 3 } as const;
  const plans = clusterPlans({ ...base, parts }, parts, setup);
  assert.equal(
    line(plans[1]!),
    "/bin/node /tanda/main.js serve --listen 127.0.0.1:9002 --data /data/up/node-2 --max-address-connections 10000" +
      " --node 2 --peers 1=127.0.0.1:9001,3=127.0.0.1:9003 --threads 2 --actions /a.ts",
  );
  assert.deepEqual(plans[1]!.command().env, { PATH: "/bin", TANDA_MAX_QUEUED: "7" });
  const alone = { kind: "cluster", nodes: 1 } as const;
  assert.doesNotMatch(line(clusterPlans({ ...base, parts: alone }, alone, setup)[0]!), /--peers/);
});

test("gateways and workers get addresses, with the passwords in them, by their environment alone", () => {
  const servers = { queue: "amqp://app:secret@mq", store: "postgres://app:secret@db/x", blobs: null };
  const parts = { kind: "shared", gateways: 1, workers: 2, servers } as const;
  const topology: Topology = { ...base, parts };
  const keys = { AWS_SECRET_ACCESS_KEY: "secret" };
  const plans = sharedPlans(topology, parts, { servers, env: keys, after: ["postgres"] }, setup);
  assert.deepEqual(
    plans.map(({ name, role, port, after }) => [name, role, port, after.join()]),
    [
      ["gateway-1", "gateway", 9001, "postgres"],
      ["worker-1", "worker", 9002, "postgres"],
      ["worker-2", "worker", 9003, "postgres"],
    ],
  );
  for (const plan of plans) {
    assert.doesNotMatch(line(plan), /secret|app:/);
    assert.match(line(plan), new RegExp(`--roles ${plan.role} `));
    assert.deepEqual(plan.command().env, {
      PATH: "/bin",
      TANDA_MAX_QUEUED: "7",
      AWS_SECRET_ACCESS_KEY: "secret",
      TANDA_STORE: servers.store,
      TANDA_QUEUE: servers.queue,
      TANDA_BLOBS: "/data/up/blobs",
    });
  }
});

test("the built-in balancer is one of ours, before the doors, which it reaches without a header", () => {
  const nodes = [
    { name: "node-1", port: 9001 },
    { name: "node-2", port: 9002 },
  ];
  const plan = balancerPlan("builtin", base.listen, nodes, setup);
  assert.equal(
    line(plan),
    "/bin/node /tanda/main.js balancer builtin --listen 127.0.0.1:9000 --nodes 127.0.0.1:9001,127.0.0.1:9002 --proxy off",
  );
  assert.deepEqual(plan.after, ["node-1", "node-2"]);
});
