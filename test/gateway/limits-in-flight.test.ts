import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway } from "./open-gateway.ts";
import { until } from "../until.ts";

const held = (id: number, payload = ""): string =>
  `{"id":${id},"action":"hold","payload":${JSON.stringify(payload)}}\n`;

test("a connection with its most tasks in flight is stalled: tasks wait, ops pass, answers resume it", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { connectionTasks: 10 } });
  const client = await dial(t, port);
  client.send(Array.from({ length: 25 }, (_, id) => held(id)).join(""));
  await until(() => engine.submitted === 10);
  await delay(50);
  assert.equal(engine.submitted, 10);
  client.send('{"id":"q","op":"ping"}\n{"id":"l","op":"list","limit":1}\n');
  const ops = await client.lines(2);
  assert.match(ops[0]!, /^\{"id":"q","status":"ok"/);
  engine.release(4);
  await until(() => engine.submitted === 14);
  await delay(20);
  assert.equal(engine.submitted, 14);
  while (engine.submitted < 25) {
    engine.release();
    await delay(5);
  }
  engine.release();
  const ids = (await client.lines(27)).slice(2).map((line) => JSON.parse(line).id as number);
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: 25 }, (_, id) => id),
  );
});

test("ops pass a stalled connection while fewer than the limit wait; then nothing is read until one is answered", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { connectionTasks: 1, stalledOps: 5 } });
  const client = await dial(t, port);
  const task = "01890a5d-ac96-774b-bcce-b302099a8057";
  client.send(`{"id":0,"action":"hold","options":{"task":"${task}"}}\n`);
  await until(() => engine.submitted === 1);
  for (let id = 1; id <= 5; id++) client.send(`{"id":${id},"op":"wait","task":"${task}"}\n`);
  await until(() => engine.waiting === 6);
  client.send('{"id":"late","op":"ping"}\n');
  await delay(60);
  assert.equal(client.text, "");
  engine.release();
  const lines = await client.lines(7);
  assert.match(lines.at(-1)!, /"id":"late","status":"ok"/);
});

test("a hundred parked tasks stop the reading, and TCP holds the client back", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { connectionTasks: 2 } });
  const client = await dial(t, port);
  const payload = "x".repeat(50_000);
  let written = 0;
  const pour = async (): Promise<void> => {
    for (let id = 0; id < 400; id++) {
      if (!client.socket.write(held(id, payload)))
        await new Promise((resolve) => client.socket.once("drain", resolve));
      written++;
    }
  };
  const poured = pour();
  await until(() => engine.submitted === 2);
  await delay(300);
  assert.equal(engine.submitted, 2);
  assert.ok(written < 400, `${written} lines were taken`);
  while (engine.submitted < 400) {
    engine.release();
    await delay(2);
  }
  engine.release();
  await poured;
  assert.equal((await client.lines(400)).length, 400);
});

test("bytes in flight stall as tasks do, and are counted on the wire", async (t) => {
  const line = held(1, "ñ".repeat(1000));
  const bytes = Buffer.byteLength(line) - 1;
  const { port, engine, url } = await openGateway(t, { limits: { connectionBytes: bytes * 3 } });
  const client = await dial(t, port);
  client.send(line.repeat(5));
  await until(() => engine.submitted === 3);
  await delay(50);
  assert.equal(engine.submitted, 3);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, new RegExp(`^tanda_in_flight_bytes ${bytes * 3}$`, "m"));
  engine.release(1);
  await until(() => engine.submitted === 4);
  engine.release();
  await until(() => engine.submitted === 5);
  engine.release();
  await client.lines(5);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^tanda_in_flight_bytes 0$/m);
});

test("a node with its bytes in flight stalls every connection and answers HTTP with busy, and all go on after", async (t) => {
  const { port, engine, url } = await openGateway(t, { limits: { nodeBytes: 3000 } });
  const [first, second] = [await dial(t, port), await dial(t, port)];
  first.send(held(1, "x".repeat(4000)));
  await until(() => engine.submitted === 1);
  second.send(held(2) + '{"id":"p","op":"ping"}\n');
  assert.match((await second.lines(1))[0]!, /"id":"p"/);
  await delay(30);
  assert.equal(engine.submitted, 1);
  const busy = await fetch(`${url}/v1/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"action":"echo"}',
  });
  assert.equal(busy.status, 429);
  const { retryAfterMs } = (await busy.json()) as { retryAfterMs: number };
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 10_000, `${retryAfterMs}`);
  assert.equal(busy.headers.get("retry-after"), String(Math.ceil(retryAfterMs / 1000)));
  engine.release();
  await until(() => engine.submitted === 2);
  engine.release();
  await second.lines(2);
});

test("what a connection had in flight is given back to the node some time after it is gone", async (t) => {
  const { port, engine, url } = await openGateway(t, { limits: { nodeBytes: 3000 } });
  const first = await dial(t, port);
  first.send(held(1, "x".repeat(4000)));
  await until(() => engine.submitted === 1);
  first.socket.resetAndDestroy();
  await until(() => engine.waiting === 0);
  const inFlight = async (): Promise<string> =>
    /^tanda_in_flight_bytes (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())![1]!;
  assert.notEqual(await inFlight(), "0");
  while ((await inFlight()) !== "0") await delay(100);
});

test("while it is the server who does not read, a started line is not late", async (t) => {
  const { port, engine, skipMs } = await openGateway(t, { limits: { connectionTasks: 1, stalledOps: 1 } });
  const client = await dial(t, port);
  client.send(held(1) + held(2) + '{"id":3,"act');
  await until(() => engine.submitted === 1);
  skipMs(60_000);
  await delay(1200);
  assert.equal(client.isClosed, false);
  engine.release();
  await until(() => engine.submitted === 2);
  engine.release();
  client.send('ion":"echo"}\n');
  assert.equal((await client.lines(3)).length, 3);
});
