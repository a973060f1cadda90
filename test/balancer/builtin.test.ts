import assert from "node:assert/strict";
import { test } from "node:test";
import { startBuiltin } from "../../src/balancer/builtin.ts";
import { DEFAULT_BALANCER, type BalancerOptions } from "../../src/balancer/options.ts";
import { LOCAL_HEADER, proxyHeader } from "../../src/balancer/proxy-v2.ts";
import { parseProxyHeader } from "../../src/gateway/proxy-header.ts";
import { PlainClient } from "./plain-client.ts";
import { PongNode } from "./pong-node.ts";
import { until } from "../until.ts";

const base: BalancerOptions = {
  ...DEFAULT_BALANCER,
  listen: { host: "127.0.0.1", port: 0 },
  nodes: [],
  checkMs: 100,
};

test("the PROXY header it writes is one that a gateway reads", () => {
  for (const address of [
    "127.0.0.1",
    "203.0.113.9",
    "::1",
    "2001:db8::1:2",
    "1:2:3:4:5:6:7:8",
    "fe80::1%eth0",
  ]) {
    const to = address.includes(":") ? "::" : "10.0.0.1";
    const read = parseProxyHeader(proxyHeader({ address, port: 40_000 }, { address: to, port: 9000 }));
    assert.equal(read.type, "header");
    const told = read.type === "header" ? (read.address ?? "") : "";
    const plain = address.replace("%eth0", "");
    const same = told.includes(":")
      ? new URL(`http://[${told}]`).hostname === new URL(`http://[${plain}]`).hostname
      : told === plain;
    assert.ok(same, `${address} was read as ${told}`);
  }
  const mapped = proxyHeader(
    { address: "::ffff:10.1.2.3", port: 1 },
    { address: "::ffff:10.0.0.1", port: 2 },
  );
  assert.equal((parseProxyHeader(mapped) as { address: string }).address, "10.1.2.3");
  const unknown = proxyHeader({ address: "", port: 0 }, { address: "10.0.0.1", port: 2 });
  assert.deepEqual(unknown, LOCAL_HEADER);
  assert.deepEqual(parseProxyHeader(LOCAL_HEADER), { type: "header", length: 16, address: null });
});

test("one address gets so many connections and no more, and each counts only while it is there", async () => {
  await using node = await PongNode.open("one");
  await using balancer = await startBuiltin({
    ...base,
    nodes: [node.place],
    addressConnections: 2,
    connections: 3,
  });
  const { port } = balancer.address;
  using first = new PlainClient(port);
  using second = new PlainClient(port);
  assert.match(await first.ask(), /^one/);
  assert.match(await second.ask(), /^one/);
  using third = new PlainClient(port);
  assert.equal(await third.ask(), "closed");
  using neighbour = new PlainClient(port, "127.0.0.2");
  assert.equal(await neighbour.ask(), "one for 127.0.0.2");
  using overall = new PlainClient(port, "127.0.0.3");
  assert.equal(await overall.ask(), "closed");
  first.socket.destroy();
  await until("there is room again", async () => {
    using again = new PlainClient(port);
    return (await again.ask()).startsWith("one");
  });
});

test("a node that refuses is passed by at once; when none is left the client is told so by the end of its connection", async () => {
  await using gone = await PongNode.open("gone");
  await using here = await PongNode.open("here");
  const nodes = [gone.place, here.place];
  gone.closePort();
  await using balancer = await startBuiltin({ ...base, nodes, checkMs: 60_000 });
  for (let n = 0; n < 4; n++) {
    using client = new PlainClient(balancer.address.port);
    assert.match(await client.ask(), /^here/);
  }
  assert.equal(balancer.nodes[0]!.health, "refused");
  here.closePort();
  using client = new PlainClient(balancer.address.port);
  assert.equal(await client.ask(), "closed");
});

test("clients of a node that hangs are cut off; those of one whose port is closed keep what they have", async () => {
  await using hanging = await PongNode.open("hanging");
  await using draining = await PongNode.open("draining");
  const changes: string[] = [];
  await using balancer = await startBuiltin(
    { ...base, nodes: [hanging.place, draining.place] },
    { onHealth: (node, health, was) => changes.push(`${node} ${was} ${health}`) },
  );
  using one = new PlainClient(balancer.address.port);
  using two = new PlainClient(balancer.address.port);
  const answers = [await one.ask(), await two.ask()];
  const [stuck, kept] = answers[0]!.startsWith("hanging") ? [one, two] : [two, one];
  hanging.says = "nothing";
  draining.closePort();
  await until("its client is cut off", () => stuck.isClosed);
  await until("the other is out", () => balancer.nodes[1]!.health === "refused");
  assert.match(await kept.ask(), /^draining/);
  assert.ok(changes.includes(`127.0.0.1:${hanging.port} up silent`), changes.join());
});

test("it drains: no new connections, and it is over when the last has ended; closing twice is safe", async () => {
  await using node = await PongNode.open("one");
  const balancer = await startBuiltin({ ...base, nodes: [node.place] });
  const { port } = balancer.address;
  const client = new PlainClient(port);
  assert.match(await client.ask(), /^one/);
  let isOver = false;
  const drained = balancer.drain().then(() => (isOver = true));
  using late = new PlainClient(port);
  assert.equal(await late.ask(), "closed");
  assert.match(await client.ask(), /^one/);
  assert.equal(isOver, false);
  client.socket.end();
  await drained;
  await balancer.close();
  await balancer.close();
  await until("nothing is left at the node", () => node.connections === 0);
});
