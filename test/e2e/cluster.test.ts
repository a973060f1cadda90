import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { Ownership } from "../../src/cluster/ownership.ts";
import { toIdText } from "../../src/store/sqlite-id.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { STATES } from "../../src/task/state.ts";
import { Lines } from "./lines.ts";
import { freePort, NodeProcess } from "./node-process.ts";

const NODES = [1, 2, 3] as const;
const KILLS = 6;
/** Each start takes seconds on a busy machine. */
const SLOW_MS = 300_000;

class Cluster implements AsyncDisposable {
  readonly nodes: ReadonlyMap<number, NodeProcess>;

  constructor(nodes: ReadonlyMap<number, NodeProcess>) {
    this.nodes = nodes;
  }

  static async start(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Cluster> {
    const ports = new Map<number, number>();
    for (const node of NODES) ports.set(node, await freePort());
    const nodes = new Map<number, NodeProcess>();
    const cluster = new Cluster(nodes);
    for (const [node, port] of ports) {
      const peers = [...ports].filter(([other]) => other !== node);
      const text = peers.map(([other, at]) => `${other}=127.0.0.1:${at}`).join(",");
      const data = await mkdtemp(join(tmpdir(), "tanda-e2e-"));
      const own = ["--node", String(node), "--peers", text, "--threads", "1", ...flags];
      nodes.set(node, new NodeProcess(port, data, own, env));
    }
    try {
      await Promise.all([...nodes.values()].map((node) => node.start()));
      await Promise.all([...nodes.values()].map(({ port }) => untilWhole(port, env["TANDA_TOKEN"])));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** All addresses, from the n-th on. */
  url(first: number): string {
    const ports = [...this.nodes.values()].map(({ port }) => port);
    return `tanda://${ports.map((_, at) => `127.0.0.1:${ports[(at + first) % ports.length]}`).join(",")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node[Symbol.asyncDispose]()));
  }
}

/** A node listens before it has met the others. */
async function untilWhole(port: number, token: string | undefined): Promise<void> {
  const client = connect(`tanda://127.0.0.1:${port}`, token === undefined ? {} : { token });
  for (;;) {
    const nodes = (await client.$.nodes()) as { state: string }[];
    if (nodes.length === NODES.length && nodes.every(({ state }) => state === "ready")) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await client.$.close();
}

type Row = { node: number; task: string; key: string | null; state: string; payload: string; result: string };

function readRows(node: number, data: string): Row[] {
  const db = new DatabaseSync(join(data, "tanda.db"), { readOnly: true });
  try {
    const rows = db.prepare("select id, key, state, payload, result from tasks").all() as {
      id: Uint8Array;
      key: string | null;
      state: number;
      payload: string;
      result: string;
    }[];
    return rows.map(({ id, state, ...row }) => ({ ...row, node, task: toIdText(id), state: STATES[state]! }));
  } finally {
    db.close();
  }
}

describe("three nodes with a file each", () => {
  test(
    `keep one owner of every id and key, though all are sent everything and killed ${KILLS} times`,
    { timeout: SLOW_MS },
    async (t) => {
      await using cluster = await Cluster.start();
      const clients = [0, 1, 2].map((first) => connect(cluster.url(first)));
      // 700 is no node: such an id comes from somebody else's library.
      const makers = [1, 2, 3, 700].map((tag) => createIdMaker(tag, Date.now, Math.random));
      const byTask = new Map<string, string>();
      const byKey = new Map<string, { payload: string; task: string | null }>();
      const life = { isOver: false };

      /** Each request goes to two of the three, now or a moment later, as a client would that saw no answer. */
      const work = async (name: number): Promise<void> => {
        for (let n = 0; !life.isOver; n++) {
          const payload = `c-${name}-${n}`;
          const one = clients[(name + n) % 3]!.$;
          const other = clients[(name + n + 1) % 3]!.$;
          const limit = { callTimeout: "60s" } as const;
          if (n % 3 === 0) {
            const task = makers[randomInt(makers.length)]!();
            await one.run("upper", payload, { task, ...limit });
            await other.submit("upper", payload, { task, ...limit });
            byTask.set(task, payload);
          } else if (n % 3 === 1) {
            const key = `key-${payload}`;
            const handles = await Promise.all([
              one.submit("upper", payload, { key, ...limit }),
              other.submit("upper", payload, { key, ...limit }),
            ]);
            assert.equal(handles[0].task, handles[1].task);
            byKey.set(key, { payload, task: handles[0].task });
          } else {
            const key = `key-${payload}`;
            const result = await one.run("upper", payload, { key, ...limit });
            assert.equal(result, payload.toUpperCase());
            assert.equal(await other.run("upper", payload, { key, ...limit }), result);
            byKey.set(key, { payload, task: null });
          }
        }
      };
      const workers = Array.from({ length: 24 }, (_, name) => work(name));
      for (let kill = 0; kill < KILLS; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 300 + randomInt(500)));
        const node = cluster.nodes.get(1 + randomInt(3))!;
        await node.kill("SIGKILL");
        await new Promise((resolve) => setTimeout(resolve, randomInt(400)));
        await node.start();
      }
      life.isOver = true;
      await Promise.all(workers);
      const ends = [...byTask].map(async ([task, payload]) => {
        const { state, result } = await clients[randomInt(3)]!.$.wait(task, { callTimeout: "60s" });
        assert.deepEqual([state, result], ["done", payload.toUpperCase()]);
      });
      const results = [...byKey.values()].map(async ({ task, payload }) => {
        if (task === null) return;
        const handle = clients[randomInt(3)]!.$.task(task);
        assert.equal(await handle.result({ callTimeout: "60s" }), payload.toUpperCase());
      });
      await Promise.all([...ends, ...results]);
      await Promise.all(clients.map((client) => client.$.close()));
      for (const node of cluster.nodes.values()) assert.equal(await node.kill("SIGTERM"), 0);

      const owners = new Ownership(1, [2, 3]);
      const rows = [...cluster.nodes].flatMap(([node, { data }]) => readRows(node, data));
      assert.equal(new Set(rows.map(({ task }) => task)).size, rows.length, "an id has two owners");
      const keys = rows.filter(({ key }) => key !== null);
      assert.equal(new Set(keys.map(({ key }) => key)).size, keys.length, "a key has two owners");
      const rowOf = new Map(rows.map((row) => [row.task, row]));
      const rowOfKey = new Map(keys.map((row) => [row.key!, row]));
      const check = (row: Row | undefined, payload: string, owner: number, name: string): void => {
        assert.ok(row, `${name} was promised and is nowhere`);
        const expected = [owner, "done", JSON.stringify(payload), JSON.stringify(payload.toUpperCase())];
        assert.deepEqual([row.node, row.state, row.payload, row.result], expected, name);
      };
      for (const [task, payload] of byTask) check(rowOf.get(task), payload, owners.ofTask(task), task);
      for (const [key, { payload }] of byKey) check(rowOfKey.get(key), payload, owners.ofKey(key), key);
      for (const { node, task } of rows) assert.equal(owners.ofTask(task), node);
      assert.ok(byTask.size > 50 && byKey.size > 100, `${byTask.size} ids, ${byKey.size} keys: too few`);
      t.diagnostic(`${byTask.size} ids and ${byKey.size} keys, ${rows.length} rows, ${KILLS} kills`);
    },
  );

  test("talk to each other with their token, and let nobody in without", async () => {
    await using cluster = await Cluster.start([], { TANDA_TOKEN: "between-us-only" });
    const client = connect(cluster.url(0), { token: "between-us-only" });
    const makeId = createIdMaker(3, Date.now, Math.random);
    assert.equal(await client.$.run("upper", "token", { task: makeId() }), "TOKEN");
    const blob = await client.$.blobs.put("bytes of node 1");
    const other = connect(cluster.url(2), { token: "between-us-only" });
    assert.equal(await new Response(await other.$.blobs.get(blob)).text(), "bytes of node 1");
    await Promise.all([client.$.close(), other.$.close()]);
    using lines = await Lines.open(cluster.nodes.get(2)!.port);
    const [reply] = await lines.askAll([{ op: "nodes", local: true }]);
    assert.equal(reply!.result?.error?.code, "unauthorized");
  });

  test("do not take a node with another number for the one they know", async () => {
    const [port, wrong] = [await freePort(), await freePort()];
    const start = async (own: number, at: number, node: string, peers: string): Promise<NodeProcess> => {
      const data = await mkdtemp(join(tmpdir(), `tanda-e2e-${own}-`));
      const process = new NodeProcess(at, data, ["--node", node, "--peers", peers], {});
      await process.start();
      return process;
    };
    await using one = await start(1, port, "1", `2=127.0.0.1:${wrong}`);
    await using _five = await start(5, wrong, "5", `1=127.0.0.1:${port}`);
    using lines = await Lines.open(one.port);
    for (;;) {
      const [reply] = await lines.askAll([
        { action: "upper", payload: "x", options: { task: createIdMaker(2, Date.now, Math.random)() } },
      ]);
      assert.equal(reply!.result?.error?.code, "unavailable");
      if (reply!.result.error.message.includes("there is node 5")) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});
