/** Three real nodes with one port in front of them, and what is to be seen of them through it. */
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../services/free-ports.ts";
import { NodeProcess } from "./node-process.ts";
import { Talk } from "./talk.ts";

const NODES = 3;

export class BalancedNodes implements AsyncDisposable {
  readonly nodes: NodeProcess[] = [];
  /** Past the balancer, to each node. */
  readonly directPorts: number[] = [];
  /** The balancer's. */
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
  }

  /** A balancer at `port` is the caller's to start. */
  static async start(): Promise<BalancedNodes> {
    const [port, ...ports] = await freePorts(1 + NODES * 2);
    const three = new BalancedNodes(port!);
    for (let number = 1; number <= NODES; number++) {
      const [own, direct] = [ports[number * 2 - 2]!, ports[number * 2 - 1]!];
      const listen = `127.0.0.1:${own},proxy 127.0.0.1:${direct}`;
      const data = await mkdtemp(join(tmpdir(), "tanda-balanced-"));
      const flags = ["--node", String(number), "--threads", "1", "--listen", listen, "--max-line-time", "1s"];
      three.nodes.push(new NodeProcess(own, data, flags, {}));
      three.directPorts.push(direct);
    }
    try {
      await Promise.all(three.nodes.map((node) => node.start()));
      // They load HTTP behind their start: who is asked every half second may look dead meanwhile, on a machine out of breath.
      await Promise.all(three.directPorts.map(untilHttpIsSpoken));
    } catch (error) {
      await three[Symbol.asyncDispose]();
      throw error;
    }
    return three;
  }

  /** Numbers of the nodes that many plain connections at once are given to; null for one that got no answer in time. */
  async whoAnswers(count: number, withinMs = 2000): Promise<(number | null)[]> {
    const asked = Array.from({ length: count }, () => Talk.open(this.port));
    const found = await Promise.all(asked.map((talk) => talk.nodeNumber(withinMs)));
    for (const talk of asked) talk.close();
    return found;
  }

  /** @returns after how many milliseconds each of them is given connections. */
  async allInRotation(): Promise<number> {
    const from = performance.now();
    for (;;) {
      const found = new Set(await this.whoAnswers(12));
      if ([1, 2, 3].every((number) => found.has(number))) return Math.round(performance.now() - from);
      assert.ok(performance.now() - from < 30_000, `in rotation: ${[...found].join()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** An answer to a long task is owed on it. */
  async waitingOn(number: number, action: string, payload: unknown): Promise<Talk> {
    for (let tries = 0; tries < 100; tries++) {
      const talk = Talk.open(this.port);
      if ((await talk.nodeNumber(2000)) === number) {
        talk.send(`{"id":"long","action":"${action}","payload":${JSON.stringify(payload)}}\n`);
        // An answer to what was sent after it: it has arrived.
        assert.equal(await talk.nodeNumber(2000), number);
        return talk;
      }
      // Held for a moment, so that the next goes elsewhere.
      setTimeout(() => talk.close(), 200);
    }
    throw new Error(`no connection came to node ${number}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}

/** On a connection that ends with its answer, so that it counts among none. */
async function untilHttpIsSpoken(port: number): Promise<void> {
  const talk = Talk.open(port);
  talk.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert.match(await talk.line(), /^HTTP\/1\.1 200/);
  talk.close();
  await talk.closed;
}
