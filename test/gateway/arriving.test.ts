/** What has begun and not ended lies in memory too: of all connections together it is bounded, by refusing those that go on. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test, type TestContext } from "node:test";
import { Arriving, Budget } from "../../src/gateway/budget.ts";
import { dial, openGateway, type Client, type Opened } from "./open-gateway.ts";
import { until } from "../until.ts";

const KIB = 1024;
const limits = { nodeBytes: 100 * KIB };
const begun = (id: number, bytes: number): string =>
  `{"id":${id},"action":"echo","payload":"${"x".repeat(bytes)}`;

/** Two clients have begun lines that together leave no room, and rest. */
async function filled(t: TestContext): Promise<Opened & { clients: Client[] }> {
  const opened = await openGateway(t, { limits });
  const clients = [await dial(t, opened.port), await dial(t, opened.port)];
  for (const [id, client] of clients.entries()) client.send(begun(id, 45 * KIB));
  await until(() => opened.gateway.bytesArriving > 90 * KIB);
  return { ...opened, clients };
}

test("little is always taken, much only while there is room", () => {
  const budget = new Budget(100 * KIB);
  const [first, second] = [new Arriving(budget), new Arriving(budget)];
  assert.ok(first.has(99 * KIB));
  assert.ok(second.has(16 * KIB));
  assert.ok(!second.has(17 * KIB));
  first.end();
  assert.ok(second.has(17 * KIB));
  second.end();
  assert.equal(budget.heldBytes, 0);
});

test("a long line that goes on while there is no room is busy, by its id; short ones pass, and all goes on after", async (t) => {
  const { port, gateway, clients } = await filled(t);
  const late = await dial(t, port);
  late.send(begun(7, 40 * KIB));
  const [refusal] = await late.lines(1);
  const { id, result } = JSON.parse(refusal!) as {
    id: number;
    result: { error: { code: string; retryAfterMs: number } };
  };
  assert.deepEqual([id, result.error.code, result.error.retryAfterMs], [7, "busy", 1000]);
  late.send(`${"x".repeat(10 * KIB)}"}\n{"id":8,"action":"echo","payload":8}\n`);
  assert.equal((await late.lines(2))[1], '{"id":8,"status":"done","result":{"ok":true,"data":8}}');
  for (const [id, client] of clients.entries()) {
    client.send('"}\n');
    assert.ok((await client.lines(1))[0]!.startsWith(`{"id":${id},"status":"done"`));
  }
  assert.equal(gateway.bytesArriving, 0);
  late.send(`${begun(9, 60 * KIB)}"}\n`);
  assert.ok((await late.lines(3))[2]!.startsWith('{"id":9,"status":"done"'));
});

test("who goes away with a line or body begun holds nothing any more", async (t) => {
  const { port, gateway, clients, log } = await filled(t);
  const half = await dial(t, port);
  half.send(
    `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20000\r\n\r\n{`,
  );
  half.send("x".repeat(10_000));
  await until(() => gateway.bytesArriving > 99 * KIB);
  half.socket.resetAndDestroy();
  await until(() => gateway.bytesArriving < 99 * KIB);
  assert.deepEqual(log, []);
  for (const client of clients) client.socket.resetAndDestroy();
  await until(() => gateway.bytesArriving === 0);
});

test("a long HTTP body that goes on while there is no room is busy, told or chunked; a short one passes", async (t) => {
  const { port, gateway, engine } = await filled(t);
  const post = (body: string, headers: Record<string, string | number>): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      const asked = request(
        { port, host: "127.0.0.1", method: "POST", path: "/v1/tasks" },
        (response) =>
          void response
            .resume()
            .on("end", () => resolve([response.statusCode!, response.headers["retry-after"] ?? ""])),
      );
      for (const [name, value] of Object.entries({ "content-type": "application/json", ...headers }))
        asked.setHeader(name, value);
      asked.on("error", reject);
      asked.end(body);
    });
  const long = JSON.stringify({ action: "echo", payload: "x".repeat(40 * KIB) });
  assert.deepEqual(await post(long, { "content-length": long.length }), [429, "1"]);
  assert.deepEqual(await post(long, { "transfer-encoding": "chunked" }), [429, "1"]);
  assert.equal(engine.submitted, 0);
  const short = JSON.stringify({ action: "echo", payload: "x" });
  assert.deepEqual(await post(short, { "content-length": short.length }), [202, ""]);
  await until(() => gateway.bytesArriving < 92 * KIB);
});

test("a chunked body counts among what is in flight like one whose length was told", async (t) => {
  const { url, engine, gateway } = await openGateway(t);
  const text = JSON.stringify({ action: "echo", payload: "x".repeat(30 * KIB) });
  const submit = engine.submit.bind(engine);
  const inFlight: number[] = [];
  engine.submit = (submissions, waiter) => {
    inFlight.push(gateway.bytesInFlight);
    submit(submissions, waiter);
  };
  for (const body of [text, new Blob([text]).stream()]) {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" };
    assert.equal((await fetch(`${url}/v1/tasks`, init as RequestInit)).status, 202);
  }
  assert.deepEqual(inFlight, [text.length, text.length]);
});

test("a long WebSocket message that goes on while there is no room closes its connection, and short ones pass", async (t) => {
  const { port, gateway } = await filled(t);
  const before = gateway.bytesArriving;
  const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`);
  const said: string[] = [];
  ws.addEventListener("message", ({ data }) => void said.push(String(data)));
  await new Promise((resolve) => ws.addEventListener("open", resolve));
  ws.send('{"id":1,"op":"ping"}');
  await until(() => said.length === 1);
  const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
  ws.send(`${begun(2, 900 * KIB)}"}`);
  await closed;
  assert.equal(said.length, 1);
  await until(() => gateway.bytesArriving === before);
});
