import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { openGateway, talk } from "./open-gateway.ts";

async function open(
  t: TestContext,
  port: number,
): Promise<{ socket: WebSocket; messages: string[]; some: (count: number) => Promise<string[]> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`);
  t.after(() => socket.terminate());
  const messages: string[] = [];
  socket.on("message", (data) => messages.push((data as Buffer).toString()));
  await once(socket, "open");
  const some = async (count: number): Promise<string[]> => {
    while (messages.length < count) await once(socket, "message");
    return messages;
  };
  return { socket, messages, some };
}

test("speaks the messages of lines, batched as they come, byte for byte", async (t) => {
  const { port, engine } = await openGateway(t);
  const { socket, some } = await open(t, port);
  socket.send('{"id":1,"action":"upper","payload":"hola ñ"}');
  assert.deepEqual(await some(1), ['{"id":1,"status":"done","result":{"ok":true,"data":"HOLA Ñ"}}']);
  for (let id = 2; id <= 300; id++) socket.send(`{"id":${id},"action":"echo","payload":${id}}`);
  const messages = await some(300);
  assert.ok(messages.every((message) => JSON.parse(message).status === "done"));
  assert.ok(engine.batches.length < 150, `${engine.batches.length} batches`);
});

test("knows no inline, refuses binary and too long messages, and watches", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { lineBytes: 1000 } });
  const { socket, some } = await open(t, port);
  socket.send("upper hola");
  assert.match((await some(1))[0]!, /"code":"bad_json"/);
  socket.send("[1]");
  assert.match((await some(2))[1]!, /a request is a JSON object/);
  socket.send('{"id":"w","op":"watch","action":"hold"}');
  assert.equal((await some(3))[2], '{"id":"w","status":"ok","data":{"watching":true}}');
  await talk(t, port, '{"action":"hold","options":{"wait":false}}\n');
  engine.release();
  const events = (await some(5)).slice(3).map((message) => JSON.parse(message));
  assert.deepEqual(
    events.map(({ id, status, data }) => [id, status, data.state]),
    [
      ["w", "event", "running"],
      ["w", "event", "done"],
    ],
  );
  const other = await open(t, port);
  other.socket.send(Buffer.of(1, 2, 3));
  assert.equal((await once(other.socket, "close"))[0], 1003);
  socket.send("x".repeat(1001));
  assert.equal((await once(socket, "close"))[0], 1009);
  while (engine.watching > 0) await delay(5);
});

test("is stalled at its tasks in flight as lines are", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { connectionTasks: 5, stalledOps: 3 } });
  const { socket, some } = await open(t, port);
  for (let id = 1; id <= 50; id++) socket.send(`{"id":${id},"action":"hold"}`);
  while (engine.submitted < 5) await delay(5);
  await delay(30);
  assert.equal(engine.submitted, 5);
  while (engine.submitted < 50) {
    engine.release();
    await delay(2);
  }
  engine.release();
  assert.equal((await some(50)).length, 50);
});

test("a client that does not read is closed; tasks go on", async (t) => {
  const { port, engine, log } = await openGateway(t, { limits: { unreadBytes: 200_000, unreadMs: 300 } });
  const { socket } = await open(t, port);
  socket.pause();
  const request = `{"action":"echo","payload":"${"x".repeat(60_000)}"}`;
  for (let i = 0; i < 1000 && log.length === 0; i++) {
    socket.send(request);
    await delay(1);
  }
  while (log.length === 0) await delay(10);
  assert.match(log[0]!, /answers were not read/);
  assert.ok(engine.submitted < 1000);
});

test("a drain tells it to go away when its answers are out", async (t) => {
  const { port, engine, gateway } = await openGateway(t);
  const [idle, busy] = [await open(t, port), await open(t, port)];
  busy.socket.send('{"id":1,"action":"hold"}');
  while (engine.submitted === 0) await delay(5);
  const idleClosed = once(idle.socket, "close");
  const busyClosed = once(busy.socket, "close");
  const drained = gateway.drain();
  assert.equal((await idleClosed)[0], 1001);
  engine.release();
  assert.equal((await busyClosed)[0], 1001);
  assert.match(busy.messages[0]!, /"id":1,"status":"done"/);
  await drained;
});
