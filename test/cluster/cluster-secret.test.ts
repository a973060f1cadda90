/** Nodes that know each other by a secret: no token is enough to act as one of them. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { after, before, describe, test, type TestContext } from "node:test";
import { createTcpTransport } from "../../src/client/tcp.ts";
import { parseAddresses } from "../../src/client/address.ts";
import { provenTransport } from "../../src/cluster/proven-transport.ts";
import { signerOf } from "../../src/node/cluster-secret.ts";
import { startNode } from "../../src/node/start-node.ts";
import { claimText, nodeHeader } from "../../src/protocol/node-proof.ts";
import { Lines, type LineReply } from "../e2e/lines.ts";
import { dial } from "../gateway/open-gateway.ts";
import { idOf, keyOf, NODES } from "./owned.ts";
import { startThree, type ThreeNodes } from "./three-nodes.ts";

const SECRET = "known-to-the-nodes-alone";
const TOKEN = "known-to-every-client";
const signer = signerOf(SECRET)!;
const echo = { run: (value: unknown): unknown => value };

describe("three nodes with a secret", () => {
  let three: ThreeNodes;
  before(async () => {
    three = await startThree({ echo }, { clusterSecret: SECRET, token: TOKEN });
  });
  after(() => three?.[Symbol.asyncDispose]());

  const code = (reply: LineReply | undefined): string | undefined => reply?.result?.error?.code;
  const open = async (token: string | null): Promise<Lines> => {
    const lines = await Lines.open(three.ports[1]!);
    if (token !== null) await lines.ask({ op: "auth", token });
    return lines;
  };

  test("work as one: tasks by id and key, views of all, watches, and blobs from one to the other", async () => {
    for (const node of NODES) {
      assert.equal(await three.client(1).$.run("echo", node, { task: idOf(node) }), node);
      assert.equal(await three.client(2).$.run("echo", "k", { key: keyOf(node, "with-secret") }), "k");
    }
    const nodes = await three.client(3).$.nodes();
    assert.deepEqual(
      nodes.map(({ state }) => state),
      ["ready", "ready", "ready"],
    );
    const large = "b".repeat(200_000);
    const blob = await three.client(1).$.blobs.put(large);
    for (const node of [2, 3])
      assert.equal(await new Response(await three.client(node).$.blobs.get(blob)).text(), large);
    const events = three.client(1).$.watch({ queue: "watched" });
    const first = events[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await three.client(3).$.run("echo", 1, { task: idOf(3), queue: "watched" });
    assert.equal((await first).done, false);
    await events[Symbol.asyncIterator]().return?.();
  });

  test("hazard 13: a client's token lets nobody act as a node, on lines, over HTTP or for blobs", async () => {
    using lines = await open(TOKEN);
    const replies = await lines.askAll([
      { op: "nodes", local: true },
      { op: "purge", queue: "default", local: true },
      { action: "echo", payload: 1, options: { local: true, task: idOf(2) } },
      { op: "nodes" },
      { op: "nodes", local: false },
    ]);
    assert.deepEqual(replies.map(code), ["forbidden", "forbidden", "forbidden", undefined, undefined]);
    const url = `http://127.0.0.1:${three.ports[1]}`;
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const task = { action: "echo", payload: 1, options: { local: true } };
    for (const [path, body] of [
      ["/v1/tasks", task],
      ["/v1/tasks/bulk", { tasks: [task] }],
    ] as const) {
      const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
      assert.match(await answer.text(), /"code":"forbidden"/, path);
    }
    const blob = await three.client(1).$.blobs.put("of node 1");
    const fetched = await fetch(`${url}/v1/blobs/${blob.$blob}`, {
      headers: { ...headers, "tanda-local": "true" },
    });
    assert.equal(fetched.status, 403);
  });

  test("who proves the secret acts as a node, without a token; a wrong proof, and one for another node, end the connection", async () => {
    using lines = await open(null);
    const hello = { from: 2, to: 1, nonce: "mine" };
    const answer = (await lines.ask({ op: "node", ...hello })).data as { nonce: string };
    const proof = signer.sign(claimText(hello, answer.nonce));
    assert.equal(code(await lines.ask({ op: "nodes" })), "unauthorized");
    assert.deepEqual((await lines.ask({ op: "node", ...hello, proof })).data, { authorized: true });
    const seen = (await lines.ask({ op: "nodes", local: true })).data as { node: number }[];
    assert.deepEqual(
      seen.map(({ node }) => node),
      [1],
    );

    using replayed = await open(null);
    await replayed.ask({ op: "node", ...hello });
    assert.equal(code(await replayed.ask({ op: "node", ...hello, proof })), "forbidden");
    using other = await open(null);
    assert.equal(code(await other.ask({ op: "node", ...hello, to: 3 })), "forbidden");
    using unasked = await open(null);
    assert.equal(code(await unasked.ask({ op: "node", ...hello, proof })), "forbidden");
  });

  test("the connection is over after a wrong proof, so that each guess costs one", async (t) => {
    const client = await dial(t, three.ports[1]!);
    client.send(
      '{"op":"node","from":2,"to":1,"nonce":"n"}\n{"op":"node","from":2,"to":1,"nonce":"n","proof":"x"}\n',
    );
    assert.match(await client.ended(), /"proof":"[\w-]{43}".*\n.*"code":"forbidden"/);
  });

  test("the header for a blob is good for one blob, at one node, once, and not for long", async () => {
    const blob = await three.client(1).$.blobs.put("guarded");
    const path = `/v1/blobs/${blob.$blob}`;
    const ask = async (header: string, at = path, method = "GET"): Promise<number> => {
      const headers = { "tanda-node": header, "tanda-local": "true" };
      const answer = await fetch(`http://127.0.0.1:${three.ports[1]}${at}`, { method, headers });
      await answer.body?.cancel();
      return answer.status;
    };
    const make = (more: object = {}, by = signer): string =>
      nodeHeader({ from: 2, to: 1, at: Date.now(), nonce: by.nonce(), ...more }, path, by);
    const once = make();
    assert.equal(await ask(once), 200);
    assert.equal(await ask(once), 401);
    assert.equal(await ask(make(), `/v1/blobs/${"0".repeat(64)}`), 401);
    assert.equal(await ask(make(), "/v1/tasks"), 401);
    assert.equal(await ask(make(), path, "DELETE"), 405);
    assert.equal(await ask(make({ to: 3 })), 401);
    for (const at of [Date.now() - 600_000, Date.now() + 600_000]) assert.equal(await ask(make({ at })), 401);
    assert.equal(await ask(make({}, signerOf("another-secret-of-nodes")!)), 401);
    assert.equal(await ask("2.1.x"), 401);
  });
});

describe("a node with a secret and peers that do not know it", () => {
  /** What is said to a stranger at a peer's address. */
  const stranger = async (
    t: TestContext,
    answer: (line: string) => string,
  ): Promise<{ port: number; heard: string[] }> => {
    const heard: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).setEncoding("utf8");
      socket.on("data", (text) => {
        heard.push(String(text));
        socket.write(answer(String(text)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as { port: number }).port, heard };
  };
  const closedWith = (port: number): Promise<Error | null> =>
    new Promise((resolve) => {
      const [address] = parseAddresses(`127.0.0.1:${port}`);
      provenTransport(createTcpTransport(address!), { from: 1, to: 2, signer }).open({
        opened: () => resolve(new Error("it was let in")),
        lines: () => resolve(new Error("it was listened to")),
        closed: resolve,
      });
    });

  test("a stranger at a peer's address hears a greeting, and neither token, nor task, nor proof", async (t) => {
    const shown = `{"id":"node","status":"ok","data":{"nonce":"n","proof":"${signer.sign("something else")}"}}\n`;
    const { port, heard } = await stranger(t, () => shown);
    assert.match((await closedWith(port))!.message, /does not know the secret/);
    assert.match(heard.join(""), /^\{"id":"node","op":"node","from":1,"to":2,"nonce":"[\w-]+"\}\n$/);
  });

  test("one that refuses, says nonsense, or reflects what it heard, is as good as none", async (t) => {
    const refused =
      '{"id":"node","status":"failed","result":{"ok":false,"error":{"code":"forbidden","message":"no secret here"}}}\n';
    assert.match((await closedWith((await stranger(t, () => refused)).port))!.message, /no secret here/);
    for (const answer of [() => "hello\n", (line: string) => line, () => "null\n", () => '{"data":{}}\n'])
      assert.notEqual((await closedWith((await stranger(t, answer)).port))?.message, "it was let in");
  });
});

test("a cluster that reaches beyond its machine starts only with a secret, which is long and not the token", async () => {
  const base = { data: ":memory:", node: 1, actions: {}, token: TOKEN } as const;
  const start = (more: object): Promise<unknown> => startNode({ ...base, ...more });
  const far = { peers: [{ node: 2, address: "192.0.2.1:9000" }] };
  await assert.rejects(start({ ...far }), {
    code: "bad_request",
    message: /\(192\.0\.2\.1\) needs a secret/,
  });
  const near = { peers: [{ node: 2, address: "127.0.0.1:9" }] };
  await assert.rejects(start({ ...near, listen: ["0.0.0.0:0"] }), /\(0\.0\.0\.0\) needs a secret/);
  await assert.rejects(start({ ...near, clusterSecret: "too short" }), /shorter than 16/);
  await assert.rejects(start({ ...near, clusterSecret: TOKEN }), /is the token, which clients know/);
});
