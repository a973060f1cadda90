/** What every balancer must do, with three real nodes behind it and clients at work: a function that each one's test calls. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import type { BalancerOptions } from "../../src/balancer/options.ts";
import { DEFAULT_BALANCER } from "../../src/balancer/options.ts";
import { connect } from "../../src/client/client.ts";
import { isAlive } from "./serve-process.ts";
import { Load } from "./load.ts";
import { Talk } from "./talk.ts";
import { BalancedNodes } from "./balanced-nodes.ts";

export interface BalancerServer extends AsyncDisposable {
  start(): Promise<void>;
  kill9(): Promise<void>;
  /** Those that carry connections; others after a reload. */
  readonly workers: readonly number[];
  reload(): Promise<void>;
}

export type BalancerUnderTest = {
  readonly name: string;
  readonly skip: string | false;
  readonly create: (options: BalancerOptions) => BalancerServer;
  /** Asks nodes whether they work, and so finds one that hangs. */
  readonly asks: boolean;
  readonly reloads: boolean;
};

const CHECK_MS = 500;
const SLOW_MS = 240_000;
const curl = needs("curl");

export function balancerSuite({ name, skip, create, asks, reloads }: BalancerUnderTest): void {
  describe(`${name} in front of three nodes`, { skip: skip || curl.skip, timeout: SLOW_MS }, () => {
    let three: BalancedNodes;
    let balancer: BalancerServer;

    before(async () => {
      three = await BalancedNodes.start();
      balancer = create({
        ...DEFAULT_BALANCER,
        listen: { host: "127.0.0.1", port: three.port },
        nodes: three.nodes.map((node) => ({ host: "127.0.0.1", port: node.port })),
        connections: 2000,
        checkMs: CHECK_MS,
      });
      await balancer.start();
      await three.allInRotation();
    });
    after(async () => {
      await balancer?.[Symbol.asyncDispose]();
      await three?.[Symbol.asyncDispose]();
    });

    test("connections, and with them tasks, are spread evenly", async (t) => {
      await using load = new Load(three.port, { clients: 12 });
      await load.warm();
      const carried = await Promise.all(
        three.directPorts.map(async (direct) => {
          await using client = connect(`tanda://127.0.0.1:${direct}`);
          const [view] = await client.$.nodes();
          // Less the one that asks.
          return view!.connections - 1;
        }),
      );
      await load.end();
      t.diagnostic(`${name}: 12 clients on the nodes: ${carried.join(" ")}`);
      assert.ok(carried.reduce((sum, count) => sum + count) >= 12, "not all are counted");
      // A health check may be counted too, and who chooses the least busy may still have counted one that has just gone.
      assert.ok(Math.max(...carried) <= 6 && Math.min(...carried) >= 2, carried.join());
      for (const direct of three.directPorts) {
        await using client = connect(`tanda://127.0.0.1:${direct}`);
        assert.ok((await client.$.list({ limit: 1 })).tasks.length > 0, "a node without a task");
      }
    });

    test("lines, inline words, HTTP, curl and WebSocket go through the one port", async () => {
      const talk = Talk.open(three.port);
      talk.send('{"id":1,"action":"upper","payload":"hola"}\n');
      assert.equal(await talk.line(), '{"id":1,"status":"done","result":{"ok":true,"data":"HOLA"}}');
      talk.send("upper hola\n");
      assert.equal(await talk.line(), "HOLA");
      talk.close();
      const health = await fetch(`http://127.0.0.1:${three.port}/readyz`);
      assert.equal(health.status, 200);
      const { stdout } = await promisify(execFile)(curl.path, [
        "-sS",
        "-H",
        "content-type: application/json",
        "-H",
        "prefer: wait=10",
        "-d",
        '{"action":"upper","payload":"hola"}',
        `http://127.0.0.1:${three.port}/v1/tasks`,
      ]);
      assert.match(stdout, /"HOLA"/);
      await using socket = connect(`ws://127.0.0.1:${three.port}`);
      assert.equal(await socket.$.run("upper", "hola"), "HOLA");
    });

    test("a client that has said all it has to say still gets its answers", async () => {
      const talk = Talk.open(three.port);
      talk.socket.end(
        '{"id":1,"action":"sleep","payload":700}\n{"id":2,"action":"upper","payload":"last"}\n',
      );
      const answers = [await talk.line(), await talk.line()].join();
      assert.match(answers, /"id":1,"status":"done"/);
      assert.match(answers, /"LAST"/);
      await talk.closed;
    });

    test("nodes know the client's own address, and believe none that it makes up", async () => {
      // On Linux all of 127.0.0.0/8 is this machine.
      const slow = Talk.open(three.port, "127.0.0.2");
      slow.send('{"id":1,');
      const forged = Talk.open(three.port, "127.0.0.3");
      forged.send("PROXY TCP4 6.6.6.6 127.0.0.1 1 9000\r\nPING\n");
      assert.match(await forged.line(), /^error: bad_request: a second PROXY header/);
      forged.close();
      const http = Talk.open(three.port, "127.0.0.4");
      http.send(
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\r\n",
      );
      assert.match(await http.line(), /^HTTP\/1\.1 200/);
      http.close();
      await slow.closed;
      const told = (): string => three.nodes.map((node) => JSON.stringify(node.log)).join();
      const until = performance.now() + 5000;
      while (!told().includes("closed a connection") && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.match(told(), /"address":"127\.0\.0\.2"[^}]*closed a connection/);
      assert.doesNotMatch(told(), /6\.6\.6\.6/);
    });

    test("a node that is killed: its clients go on with another, and it is used again when it is back", async (t) => {
      await using load = new Load(three.port);
      await load.warm();
      const ms = await load.recovery(() => three.nodes[0]!.kill("SIGKILL"));
      assert.ok(load.lost > 0, "nobody was connected to the node that was killed");
      assert.ok(!(await three.whoAnswers(9)).includes(1), "the dead answer");
      await load.end();
      await three.nodes[0]!.start();
      const backMs = await three.allInRotation();
      t.diagnostic(
        `${name}: kill -9 of a node: all clients answered after ${ms} ms; in use again after ${backMs} ms`,
      );
    });

    test("a node that hangs: its clients notice and go on with another", async (t) => {
      await using load = new Load(three.port);
      await load.warm();
      const { pid } = three.nodes[1]!;
      t.after(() => isAlive(pid) && process.kill(pid, "SIGCONT"));
      const out = { ms: 0, hung: 0 };
      const ms = await load.recovery(async () => {
        process.kill(pid, "SIGSTOP");
        if (asks) Object.assign(out, await untilNoneHangs());
      });
      assert.ok(load.lost > 0, "nobody was connected to the node that hung");
      if (asks)
        t.diagnostic(`${name}: out of rotation ${out.ms} ms after a hang, ${out.hung} connections hung`);
      await load.end();
      process.kill(pid, "SIGCONT");
      const backMs = await three.allInRotation();
      t.diagnostic(
        `${name}: SIGSTOP of a node: all clients answered after ${ms} ms; in use again after ${backMs} ms`,
      );
    });

    /** New connections are answered, all of them, and so many that a node still in rotation would get some. */
    const untilNoneHangs = async (): Promise<{ ms: number; hung: number }> => {
      const from = performance.now();
      let ms = 0;
      let hung = 0;
      for (let calmRounds = 0; calmRounds < 2;) {
        const found = await three.whoAnswers(30, 500);
        assert.ok(!found.includes(2), "it answers while it is stopped");
        assert.ok(performance.now() - from < 30_000, "it stayed in rotation");
        const late = found.filter((number) => number === null).length;
        hung += late;
        calmRounds = late > 0 ? 0 : calmRounds + 1;
        if (late > 0) ms = Math.round(performance.now() - from);
      }
      assert.ok(hung > 0, "the hang was not seen");
      return { ms, hung };
    };

    test("a node that drains: what it owes it answers, and no client sees an error", async (t) => {
      await using load = new Load(three.port);
      await load.warm();
      const talk = await three.waitingOn(3, "sleep", 3000);
      let ended: Promise<number | null> = Promise.resolve(null);
      const ms = await load.recovery(() => {
        ended = three.nodes[2]!.kill("SIGTERM");
      });
      assert.match(await talk.line(10_000), /"id":"long","status":"done"/);
      assert.equal(await ended, 0, "it did not end by itself");
      assert.ok(load.lost > 0, "nobody was connected to the node that drained");
      await load.end();
      await three.nodes[2]!.start();
      const backMs = await three.allInRotation();
      t.diagnostic(
        `${name}: drain of a node: all clients answered after ${ms} ms; in use again after ${backMs} ms`,
      );
    });

    if (asks && reloads) {
      test("nodes are restarted one after another: also who comes anew each time, without the SDK, sees no error", async (t) => {
        await using load = new Load(three.port);
        await load.warm();
        const said = new Map<string, number>();
        const over = new AbortController();
        const newcomers = (async () => {
          while (!over.signal.aborted) {
            const talk = Talk.open(three.port);
            talk.send("upper hola\n");
            const line = await talk.line().catch(String);
            said.set(line, (said.get(line) ?? 0) + 1);
            talk.close();
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        })();
        // A node gives notice to who asked it twice.
        await new Promise((resolve) => setTimeout(resolve, 2 * CHECK_MS));
        const from = performance.now();
        try {
          for (const node of three.nodes.slice(0, 2)) {
            assert.equal(await node.kill("SIGTERM"), 0);
            await node.start();
            await three.allInRotation();
          }
        } finally {
          over.abort();
          await newcomers;
        }
        const ms = Math.round(performance.now() - from);
        await load.end();
        assert.deepEqual([...said.keys()], ["HOLA"]);
        assert.ok(load.lost > 0, "nobody was connected to the nodes that were restarted");
        t.diagnostic(`${name}: two nodes restarted in ${ms} ms; ${said.get("HOLA")} newcomers were answered`);
      });
    }

    if (reloads) {
      test("a reload under load: connections that are there stay", async (t) => {
        await using load = new Load(three.port);
        await load.warm();
        const talk = Talk.open(three.port);
        const number = await talk.nodeNumber(2000);
        const before = balancer.workers;
        const ms = await load.recovery(() => balancer.reload());
        assert.ok(
          balancer.workers.some((pid) => !before.includes(pid)),
          "no new worker",
        );
        assert.equal(load.lost, 0, "a connection was lost");
        assert.equal(await talk.nodeNumber(2000), number);
        talk.close();
        assert.ok(!(await three.whoAnswers(9)).includes(null));
        await load.end();
        t.diagnostic(`${name}: reload: new workers, and all clients answered, after ${ms} ms`);
      });
    }

    test("the balancer itself is killed and comes back: no answer is lost", async (t) => {
      await using load = new Load(three.port);
      await load.warm();
      const ms = await load.recovery(async () => {
        await balancer.kill9();
        await balancer.start();
      });
      assert.ok(load.lost >= 9, `only ${load.lost} connections were lost`);
      await load.end();
      t.diagnostic(`${name}: kill -9 and restart of the balancer: all clients answered after ${ms} ms`);
    });
  });
}
