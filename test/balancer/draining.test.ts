import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { DEFAULT_BALANCER, type BalancerOptions } from "../../src/balancer/options.ts";
import { BuiltinProcess } from "../services/builtin-balancer.ts";
import { freePorts } from "../services/free-ports.ts";
import { createHaproxy, found as haproxy } from "../services/haproxy.ts";
import { PlainClient, whoAnswers } from "./plain-client.ts";
import { PongNode } from "./pong-node.ts";
import { until } from "../until.ts";

type Server = AsyncDisposable & { start(): Promise<void> };

for (const [name, skip, create] of [
  [
    "HAProxy",
    haproxy.skip,
    (options: BalancerOptions): Server => createHaproxy(options.listen.port, haproxyConfig(options)),
  ],
  ["the built-in balancer", false, (options: BalancerOptions): Server => new BuiltinProcess(options)],
] as const) {
  describe(`${name} asks its nodes PING`, { skip }, () => {
    for (const isProxy of [true, false]) {
      test(`DRAINING: nothing new goes there, what is there stays; a node that is not ready is out (PROXY header: ${isProxy})`, async () => {
        await using one = await PongNode.open("one", { isProxy });
        await using two = await PongNode.open("two", { isProxy });
        const [port] = await freePorts(1);
        const options = { ...DEFAULT_BALANCER, connections: 1000, checkMs: 200, isProxy };
        await using server = create({
          ...options,
          listen: { host: "127.0.0.1", port: port! },
          nodes: [one.place, two.place],
        });
        await server.start();
        const both = async (): Promise<boolean> => (await whoAnswers(port!, 12)).size === 2;
        const only = (who: string) => async (): Promise<boolean> =>
          [...(await whoAnswers(port!, 12))].join() === who;
        await until("both take part", both);
        using held = new PlainClient(port!);
        const [who] = (await held.ask()).split(" ");
        const [mine, other] = who === "one" ? [one, two] : [two, one];
        const otherName = who === "one" ? "two" : "one";
        mine.says = "DRAINING";
        await until("nothing new goes to the one that drains", only(otherName));
        // Many checks more make no failure of it.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        assert.match(await held.ask(), new RegExp(`^${who} for ${isProxy ? "127.0.0.1" : "unknown"}$`));
        mine.says = "PONG";
        await until("it takes part again", both);
        other.says = "error: unavailable: not ready";
        await until("nothing goes to the one that is not ready", only(who!));
        other.says = "nothing";
        mine.says = "PONG";
        await until("nor to the one that says nothing", only(who!));
        assert.match(await held.ask(), new RegExp(`^${who} `));
      });
    }
  });
}

test(
  "HAProxy told to cut ends the connections of a node that is silent",
  { skip: haproxy.skip },
  async () => {
    await using one = await PongNode.open("one");
    const [port] = await freePorts(1);
    const listen = { host: "127.0.0.1", port: port! };
    const options = { ...DEFAULT_BALANCER, connections: 1000, checkMs: 200, listen, nodes: [one.place] };
    await using server = createHaproxy(port!, haproxyConfig({ ...options, cutsWhenDown: true }));
    await server.start();
    using held = new PlainClient(port!);
    assert.match(await held.ask(), /^one/);
    one.says = "nothing";
    await until("it is cut off", () => held.isClosed);
  },
);
