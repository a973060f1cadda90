/** Three nodes in this process, each with a folder of its own, that know each other over real sockets. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionTable } from "../../src/actions/define.ts";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { startNode, type TandaNode } from "../../src/node/start-node.ts";
import { freePort } from "../e2e/node-process.ts";

export type ThreeNodes = AsyncDisposable & {
  /** At 1, 2 and 3. */
  readonly nodes: readonly (TandaNode | null)[];
  readonly ports: readonly number[];
  client(node: number): Client;
  stop(node: number): Promise<void>;
  start(node: number): Promise<void>;
  /** Resolves when each of these nodes sees the others so. */
  seen(node: number, state: "up" | "down"): Promise<void>;
};

export async function startThree(
  actions: ActionTable = {},
  more: Partial<NodeOptions> = {},
): Promise<ThreeNodes> {
  const ports = [0, await freePort(), await freePort(), await freePort()];
  const folder = await mkdtemp(join(tmpdir(), "tanda-cluster-"));
  const nodes: (TandaNode | null)[] = [null, null, null, null];
  const clients = new Map<number, Client>();
  const numbers = [1, 2, 3];
  const three: ThreeNodes = {
    nodes,
    ports,
    client(node) {
      let client = clients.get(node);
      if (!client)
        clients.set(
          node,
          (client = connect(`tanda://127.0.0.1:${ports[node]}`, { token: more.token ?? undefined })),
        );
      return client;
    },
    async start(node) {
      nodes[node] = await startNode({
        node,
        peers: numbers
          .filter((other) => other !== node)
          .map((other) => ({ node: other, address: `127.0.0.1:${ports[other]}` })),
        listen: [`127.0.0.1:${ports[node]}`],
        data: join(folder, String(node)),
        actions: { ...actions },
        threads: 2,
        drainMs: 1000,
        ...more,
      });
    },
    async stop(node) {
      await nodes[node]?.stop();
      nodes[node] = null;
    },
    async seen(node, state) {
      for (const other of numbers) {
        const engine = nodes[other]?.engine;
        if (other === node || !engine) continue;
        for (;;) {
          const view = (await engine.nodes()).find((one) => one.node === node);
          if ((view?.state === "down") === (state === "down")) break;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client.$.close({ now: true })));
      await Promise.all(numbers.map((node) => three.stop(node)));
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(numbers.map((node) => three.start(node)));
    await Promise.all(numbers.map((node) => three.seen(node, "up")));
  } catch (error) {
    await three[Symbol.asyncDispose]();
    throw error;
  }
  return three;
}
