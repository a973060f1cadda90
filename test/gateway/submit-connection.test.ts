/** Connections that submit short tasks one after another have a way of their own; nobody can tell it by the answers. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway, type Client } from "./open-gateway.ts";
import { until } from "../until.ts";

type Told = { status: number; headers: Map<string, string>; body: string };

/** Headers of these bring a request to Node's parser. */
const BY_NODE = "TE: trailers\r\n";

function submit(task: unknown, { target = "/v1/tasks", more = "" } = {}): string {
  const body = typeof task === "string" ? task : JSON.stringify(task);
  const head = `Host: localhost\r\nContent-Type: application/json\r\n${more}`;
  return `POST ${target} HTTP/1.1\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The next answer of the connection. */
async function told(client: Client): Promise<Told> {
  await client.until(() => client.text.includes("\r\n\r\n") || client.isEnded);
  const [head, ...rest] = client.text.split("\r\n\r\n");
  const [start, ...lines] = head!.split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const bytes = Number(headers.get("content-length"));
  const bodyOf = (): string => Buffer.from(client.text.slice(head!.length + 4)).toString("utf8", 0, bytes);
  await client.until(() => Buffer.byteLength(client.text.slice(head!.length + 4)) >= bytes || client.isEnded);
  assert.ok(rest.length > 0, client.text);
  const body = bodyOf();
  client.text = client.text.slice(head!.length + 4 + body.length);
  return { status: Number(start!.split(" ")[1]), headers, body };
}

function withoutIds({ status, headers, body }: Told): object {
  const blank = (text: string): string => text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
  const shown = [...headers].map(([name, value]) => [name, name === "date" ? "" : blank(value)] as const);
  return { status, headers: Object.fromEntries(shown), body: blank(body) };
}

describe("a connection that submits tasks", () => {
  test("is answered the same, in status, headers and body, by its own way and by Node's parser", async (t) => {
    const { port } = await openGateway(t);
    const own = await dial(t, port);
    const wait = "/v1/tasks?wait=5";
    const ways: [string, Parameters<typeof submit>[1] & object, unknown][] = [
      ["accepted", {}, { action: "upper", payload: "hola" }],
      ["scheduled", {}, { action: "upper", payload: "a", options: { delay: "10s" } }],
      ["done", { target: wait }, { action: "upper", payload: "hölá 🙂" }],
      ["done, by Prefer", { more: "Prefer: respond-async, wait=5\r\n" }, { action: "echo" }],
      ["large", { target: wait }, { action: "large", payload: 200_000 }],
      ["failed", { target: wait }, { action: "fail", payload: "boom" }],
      ["unknown", { target: wait }, { action: "nope" }],
      ["in time for nothing", { target: "/v1/tasks?wait=0.01" }, { action: "hold" }],
      ["with a key", { more: 'Idempotency-Key: "k"\r\n' }, { action: "echo", payload: 1 }],
      ["in conflict", { more: "Idempotency-Key: k\r\n" }, { action: "echo", payload: 2 }],
    ];
    for (const [name, { target, more = "" }, task] of ways) {
      const about = target === undefined ? {} : { target };
      own.send(submit(task, { ...about, more }));
      const fromOwn = await told(own);
      const other = await dial(t, port);
      other.send(submit(task, { ...about, more: more + BY_NODE }));
      assert.deepEqual(withoutIds(fromOwn), withoutIds(await told(other)), name);
      assert.match(fromOwn.headers.get("date")!, / GMT$/);
    }
  });

  test("may send a request in any pieces", async (t) => {
    const { port } = await openGateway(t);
    const client = await dial(t, port);
    const request = submit({ action: "upper", payload: "ñandú" }, { target: "/v1/tasks?wait=5" });
    const body = request.indexOf("\r\n\r\n") + 4;
    for (const cuts of [[body], [body, body + 5, body + 20], [10, body + 1], [1, 4, 20, body - 2]]) {
      let from = 0;
      for (const cut of [...cuts, request.length]) {
        client.send(request.slice(from, cut));
        from = cut;
        await delay(20);
      }
      const { status, body: text } = await told(client);
      assert.equal(status, 200);
      assert.match(text, /"result":"ÑANDÚ"/);
    }
  });

  test("is answered in order when it does not wait for answers, and may ask for other things between", async (t) => {
    const { port, engine } = await openGateway(t);
    const client = await dial(t, port);
    const upper = (payload: string): string =>
      submit({ action: "upper", payload }, { target: "/v1/tasks?wait" });
    client.send(upper("a"));
    assert.match((await told(client)).body, /"A"/);
    client.send(submit({ action: "hold", payload: "b" }, { target: "/v1/tasks?wait" }));
    await until(() => engine.waiting === 1);
    client.send(upper("c"));
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.send(upper("d") + upper("e"));
    await delay(50);
    assert.equal(client.text, "");
    engine.release();
    const bodies = [];
    for (let n = 0; n < 5; n++) bodies.push((await told(client)).body);
    assert.deepEqual(
      bodies.map((body) => /"result":"(.)"/.exec(body)?.[1]),
      ["b", "C", undefined, "D", "E"],
    );
  });

  test("has what it sends before its turn counted, and is closed when there is no room for it", async (t) => {
    const { port, engine, gateway } = await openGateway(t, { limits: { nodeBytes: 30_000 } });
    const [first, second] = [await dial(t, port), await dial(t, port)];
    const hold = submit({ action: "hold" }, { target: "/v1/tasks?wait" });
    first.send(hold);
    second.send(hold);
    await until(() => engine.waiting === 2);
    first.send("x".repeat(20_000));
    await until(() => gateway.bytesArriving >= 20_000);
    second.send("x".repeat(20_000));
    await until(() => second.isClosed);
    engine.release();
    assert.equal((await told(first)).status, 200);
    await until(() => gateway.bytesArriving === 0);
  });

  test("is refused what it may not do, also after it was let in", async (t) => {
    const { port } = await openGateway(t, { token: "secret" });
    const client = await dial(t, port);
    const echo = (more: string): string => submit({ action: "echo" }, { more });
    for (let n = 0; n < 2; n++) {
      client.send(echo("Authorization: Bearer secret\r\n"));
      assert.equal((await told(client)).status, 202);
    }
    client.send(echo("Authorization: Bearer secreT\r\n"));
    assert.equal((await told(client)).status, 401);
    const other = await dial(t, port);
    other.send(echo(""));
    assert.equal((await told(other)).status, 401);
  });

  test("is refused for a foreign page or host and for what is wrong in the body, as any other", async (t) => {
    const { port, engine } = await openGateway(t);
    const task = { action: "echo" };
    const cases: [number, string][] = [
      [403, submit(task, { more: "Origin: http://evil.example\r\n" })],
      [403, submit(task, { more: "Sec-Fetch-Site: cross-site\r\n" })],
      [403, submit(task).replace("localhost", "evil.example")],
      [400, submit("{")],
      [400, submit({ action: "echo", prio: 1 })],
      [400, submit(task, { target: "/v1/tasks?wait=soon" })],
      [400, submit(task, { target: "/v1/tasks?wiat=1" })],
      [400, submit(task, { more: "Content-Length: 3\r\n" })],
      [400, submit(task, { more: "Transfer-Encoding: chunked\r\n" })],
      [400, submit(task, { more: "X: a\r\n b\n" })],
      [400, submit(task, { more: "X\u0000: a\r\n" })],
      [400, submit(task).replace("Host: localhost\r\n", "")],
      [415, submit(task).replace("application/json", "text/plain")],
    ];
    for (const [status, request] of cases) {
      const client = await dial(t, port);
      client.send(submit({ action: "echo" }));
      assert.equal((await told(client)).status, 202);
      const { submitted } = engine;
      client.send(request);
      assert.equal((await told(client)).status, status, request);
      assert.equal(engine.submitted, submitted, request);
    }
  });

  test("that goes away leaves nothing behind, and its task goes on", async (t) => {
    const { port, engine, gateway } = await openGateway(t);
    const client = await dial(t, port);
    client.send(submit({ action: "hold" }, { target: "/v1/tasks?wait" }));
    await until(() => engine.waiting === 1);
    assert.ok(gateway.bytesInFlight > 0);
    client.socket.destroy();
    await until(() => engine.waiting === 0 && gateway.bytesInFlight === 0);
    assert.deepEqual(
      [...engine.rows.values()].map(({ state }) => state),
      ["running"],
    );
  });

  test("is closed when it was silent for too long, but not while it waits", async (t) => {
    const { port, engine, skipMs } = await openGateway(t, { limits: { idleMs: 60_000, lineMs: 40 } });
    const [idle, busy] = [await dial(t, port), await dial(t, port)];
    idle.send(submit({ action: "echo" }));
    await told(idle);
    busy.send(submit({ action: "hold" }, { target: "/v1/tasks?wait" }));
    await until(() => engine.waiting === 1);
    skipMs(61_000);
    await until(() => idle.isClosed);
    engine.release();
    assert.equal((await told(busy)).status, 200);
  });

  test("has its waits end in time, one shorter than the one before too", async (t) => {
    const { port, engine } = await openGateway(t);
    const client = await dial(t, port);
    client.send(submit({ action: "upper", payload: "a" }, { target: "/v1/tasks?wait=200" }));
    assert.equal((await told(client)).status, 200);
    for (const seconds of ["0.2", "0.05", "0.1"]) {
      client.send(submit({ action: "hold" }, { target: `/v1/tasks?wait=${seconds}` }));
      const { status, headers, body } = await told(client);
      assert.equal(status, 202);
      const { task } = JSON.parse(body) as { task: string };
      assert.equal(headers.get("location"), `/v1/tasks/${task}`);
      assert.equal(engine.promised.at(-1), task);
    }
    assert.equal(engine.waiting, 0);
  });
});

/** On its own way and by Node's parser. */
async function bothWays(t: TestContext, run: (t: TestContext, more: string) => Promise<void>): Promise<void> {
  await t.test("by its own way", (it) => run(it, ""));
  await t.test("by Node's parser", (it) => run(it, BY_NODE));
}

test("a wait that is over while the node drains is answered 202 of the task that goes on", async (t) => {
  await bothWays(t, async (it, more) => {
    const { port, engine, gateway } = await openGateway(it);
    const client = await dial(it, port);
    client.send(submit({ action: "hold" }, { target: "/v1/tasks?wait=0.2", more }));
    await until(() => engine.waiting === 1);
    const drained = gateway.drain();
    const { status, headers, body } = await told(client);
    assert.equal(status, 202);
    const [task] = engine.promised;
    assert.deepEqual(JSON.parse(body), { task, status: "queued" });
    assert.equal(headers.get("location"), `/v1/tasks/${task}`);
    await drained;
    assert.equal(engine.submitted, 1);
  });
});

test("a wait that is over while too much is in flight is answered 202 of the task that goes on", async (t) => {
  await bothWays(t, async (it, more) => {
    const task = { action: "hold" };
    const { port, engine } = await openGateway(it, {
      limits: { nodeBytes: JSON.stringify(task).length + 1 },
    });
    const [first, second, third] = [await dial(it, port), await dial(it, port), await dial(it, port)];
    first.send(submit(task, { target: "/v1/tasks?wait=0.3", more }));
    await until(() => engine.waiting === 1);
    second.send(submit(task, { target: "/v1/tasks?wait", more }));
    await until(() => engine.waiting === 2);
    third.send(submit(task, { more }));
    assert.equal((await told(third)).status, 429);
    // With the first one's bytes given back, the second's and as many of lines fill it.
    const lines = await dial(it, port);
    lines.send('{"id":1,"action":"hold"}\n');
    await until(() => engine.submitted === 3);
    assert.equal((await told(first)).status, 202);
    assert.equal(engine.promised.length, 1);
  });
});

test("a bare ?wait waits as long as the node lets it", async (t) => {
  await bothWays(t, async (it, more) => {
    const { port } = await openGateway(it, { limits: { waitMs: 7000 } });
    const client = await dial(it, port);
    client.send(submit({ action: "upper", payload: "a" }, { target: "/v1/tasks?wait", more }));
    const { status, headers } = await told(client);
    assert.equal(status, 200);
    assert.equal(headers.get("preference-applied"), "wait=7");
  });
});
