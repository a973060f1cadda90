import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as connectClient } from "../../src/client/client.ts";
import { dial, openGateway, talk, type Client, type Opened } from "./open-gateway.ts";
import { until } from "../until.ts";

/** As a balancer does: again and again, each time on a connection of its own. */
async function ask(t: TestContext, port: number): Promise<string> {
  const client = await dial(t, port);
  client.send("PING\n");
  const [line] = await client.lines(1);
  client.socket.destroy();
  return line!;
}

async function asked(t: TestContext, opened: Opened): Promise<Opened> {
  for (let count = 0; count < 2; count++) assert.equal(await ask(t, opened.port), "PONG");
  return opened;
}

async function holding(t: TestContext, { port, engine }: Opened): Promise<Client> {
  const client = await dial(t, port);
  client.send('{"id":1,"action":"hold","payload":"held"}\n');
  while (engine.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  return client;
}

function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return once(socket, "connect").then(
    () => {
      socket.destroy();
      return false;
    },
    () => true,
  );
}

test("who asks again and again is told DRAINING while all is still served, also to newcomers", async (t) => {
  const { gateway, port, url } = await asked(t, await openGateway(t, { limits: { noticeMs: 60_000 } }));
  const old = await dial(t, port);
  old.send('{"id":0,"action":"upper","payload":"before"}\n');
  await old.lines(1);
  const notice = gateway.giveNotice();
  assert.equal(await ask(t, port), "DRAINING");
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 503);
  assert.equal(((await ready.json()) as { state: string }).state, "draining");
  old.send('{"id":1,"action":"upper","payload":"old"}\n');
  assert.match((await old.lines(2))[1]!, /"data":"OLD"/);
  assert.equal(await talk(t, port, "upper new\n"), "NEW\n");
  const posted = await fetch(`${url}/v1/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=5" },
    body: '{"action":"upper","payload":"posted"}',
  });
  assert.equal(posted.status, 200);
  await using client = connectClient(`tanda://127.0.0.1:${port}`);
  assert.equal(await client.$.run("upper", "typed"), "TYPED");
  await gateway.close();
  await notice;
});

test("a drain after a notice: PING says DRAINING and new tasks are refused until the last answer is out, then the port closes", async (t) => {
  const opened = await asked(t, await openGateway(t, { limits: { noticeMs: 20 } }));
  const { gateway, engine, port, url } = opened;
  const held = await holding(t, opened);
  const idle = await dial(t, port);
  await gateway.giveNotice();
  const drained = gateway.drain();
  await idle.ended();
  for (let count = 0; count < 3; count++) assert.equal(await ask(t, port), "DRAINING");
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  held.send('{"id":2,"action":"upper","payload":"late"}\n');
  assert.match((await held.lines(1))[0]!, /"id":2.*"code":"unavailable"/);
  const newcomer = await dial(t, port);
  newcomer.send('{"id":3,"action":"upper","payload":"new"}\n');
  assert.match((await newcomer.lines(1))[0]!, /"id":3.*"code":"unavailable"/);
  const silent = await dial(t, port);
  engine.release();
  assert.match((await held.lines(2))[1]!, /"id":1,"status":"done".*"held"/);
  await Promise.all([drained, held.ended(), newcomer.ended(), silent.ended()]);
  assert.ok(await isRefused(port));
});

test("without anybody who asks there is no notice, and the port closes at once: who does not ask must be refused to notice", async (t) => {
  const opened = await openGateway(t, { limits: { noticeMs: 60_000 } });
  const { gateway, engine, port } = opened;
  const held = await holding(t, opened);
  // Once is a person.
  assert.equal(await ask(t, port), "PONG");
  await gateway.giveNotice();
  const drained = gateway.drain();
  assert.ok(await isRefused(port));
  engine.release();
  assert.match((await held.lines(1))[0]!, /"held"/);
  await drained;
});

test("who asked long ago is not waited for", async (t) => {
  const opened = await asked(t, await openGateway(t, { limits: { noticeMs: 60_000 } }));
  opened.skipMs(16_000);
  await opened.gateway.giveNotice();
  await opened.gateway.drain();
  assert.ok(await isRefused(opened.port));
});

test("a close ends a notice", async (t) => {
  const { gateway, port } = await asked(t, await openGateway(t, { limits: { noticeMs: 60_000 } }));
  const notice = gateway.giveNotice();
  await gateway.close();
  await notice;
  assert.ok(await isRefused(port));
});

test("a drain closes idle connections at once, answers what is owed, refuses new tasks, and stops listening", async (t) => {
  const { port, engine, gateway } = await openGateway(t);
  const [idle, silent, busy] = [await dial(t, port), await dial(t, port), await dial(t, port)];
  idle.send("PING\n");
  await idle.lines(1);
  busy.send('{"id":1,"action":"hold"}\n{"id":"w","op":"watch"}\n');
  await until(() => engine.submitted === 1);
  await busy.lines(1);
  const waiting = fetch(`http://127.0.0.1:${port}/v1/tasks?wait=30`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"action":"hold"}',
  });
  await until(() => engine.submitted === 2);
  const drained = gateway.drain();
  await until(() => idle.isClosed && silent.isClosed);
  assert.equal(busy.isClosed, false);
  busy.send('{"id":2,"action":"echo"}\n{"id":3,"op":"ping"}\nPING\n');
  await busy.until(() => busy.text.includes("DRAINING"));
  assert.match(busy.text, /"id":2,"status":"failed".*"code":"unavailable"/);
  assert.match(busy.text, /"id":3,"status":"ok","data":\{"state":"draining"/);
  assert.match(busy.text, /\{"id":"w","status":"ok","data":\{"watching":false\}\}/);
  await assert.rejects(dial(t, port));
  engine.release();
  await busy.until(() => busy.isClosed);
  assert.match(busy.text, /"id":1,"status":"done"/);
  const response = await waiting;
  assert.equal(response.status, 200);
  await response.text();
  await drained;
  assert.equal(gateway.connections, 0);
});
