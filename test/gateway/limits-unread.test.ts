import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway, talk } from "./open-gateway.ts";
import { until } from "../until.ts";

test("a client that does not read is not read, and closed when its answers stay unread for too long", async (t) => {
  const { port, engine, log } = await openGateway(t, { limits: { unreadBytes: 200_000, unreadMs: 300 } });
  const client = await dial(t, port);
  client.socket.pause();
  const request = `{"action":"echo","payload":"${"x".repeat(60_000)}"}\n`;
  let sent = 0;
  while (!client.isClosed && sent < 2000) {
    await Promise.race([new Promise((resolve) => client.socket.write(request, resolve)), delay(1000)]);
    sent++;
    if (log.length > 0) break;
  }
  await until(() => log.length > 0);
  assert.match(log[0]!, /answers were not read/);
  assert.ok(engine.submitted < 1000, `${engine.submitted} were accepted`);
});

test("a client that reads late but in time is kept, and its time begins anew", async (t) => {
  const { port, log, skipMs } = await openGateway(t, { limits: { unreadBytes: 100_000, unreadMs: 10_000 } });
  const client = await dial(t, port);
  const request = `{"action":"echo","payload":"${"x".repeat(60_000)}"}\n`;
  for (const count of [150, 300]) {
    client.socket.pause();
    for (let i = 0; i < 150; i++) client.socket.write(request);
    await delay(200);
    skipMs(7000);
    await delay(1100);
    assert.equal(client.isClosed, false);
    client.socket.resume();
    assert.equal((await client.lines(count)).length, count);
  }
  assert.deepEqual(log, []);
});

test("who asks for lists and reads none is given no more of them, and closed in time, far from the limit of others", async (t) => {
  const { port, engine, log } = await openGateway(t, {
    limits: { unreadBytes: 100_000_000, unreadMs: 300 },
  });
  await talk(t, port, `{"action":"echo","payload":"${"x".repeat(200_000)}"}\n`);
  const ask = engine.list.bind(engine);
  let pages = 0;
  engine.list = (filter) => {
    pages++;
    return ask(filter);
  };
  const client = await dial(t, port);
  client.socket.pause();
  for (let n = 0; n < 400; n++) client.send('{"op":"list"}\n');
  await until(() => log.length > 0);
  assert.match(log[0]!, /answers were not read/);
  // What the system holds for both sides is some megabytes.
  assert.ok(pages < 100, `${pages} pages`);
  const honest = await dial(t, port);
  for (let n = 0; n < 20; n++) honest.send('{"op":"list"}\n');
  assert.equal((await honest.lines(20)).length, 20);
});

test("who is closed for what it does not read is told so at once, and the system keeps nothing for it", async (t) => {
  const { port, log } = await openGateway(t, { limits: { unreadMs: 300 } });
  await talk(t, port, `{"action":"echo","payload":"${"x".repeat(200_000)}"}\n`);
  const client = await dial(t, port);
  let code = "";
  client.socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code ?? ""));
  client.socket.pause();
  // Little is asked, all of it is read, and the answers are much: nothing but ourselves would reset this connection.
  client.socket.write('{"op":"list"}\n'.repeat(400));
  await until(() => log.length > 0);
  // In good order it would get megabytes first.
  client.socket.resume();
  await until(() => client.isClosed);
  assert.equal(code, "ECONNRESET");
});

test("of many who do not read, each within its own limit, those who leave most are closed when it is too much for the node", async (t) => {
  const limits = { unreadBytes: 100_000_000, unreadMs: 600_000, nodeBytes: 8_000_000 };
  const { port, log } = await openGateway(t, { limits });
  const deaf = await Promise.all([dial(t, port), dial(t, port), dial(t, port)]);
  const request = `{"action":"echo","payload":"${"x".repeat(60_000)}"}\n`;
  for (const client of deaf) {
    client.socket.pause();
    for (let i = 0; i < 250; i++) client.socket.write(request);
  }
  await until(() => log.some((line) => line.includes("too much for this node")));
  const honest = await dial(t, port);
  honest.send('{"id":1,"action":"echo","payload":"on"}\n');
  assert.match((await honest.lines(1))[0]!, /"data":"on"/);
});

test("watchers that read slowly miss events, are told how many, and never miss the end", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { unreadBytes: 400_000 } });
  const client = await dial(t, port);
  const task = "01890a5d-ac96-774b-bcce-b302099a8057";
  client.send(
    `{"action":"hold","options":{"task":"${task}","wait":false}}\n{"id":"w","op":"watch","task":"${task}"}\n`,
  );
  await client.lines(2);
  client.socket.pause();
  const big = "x".repeat(50_000);
  for (let i = 0; i < 300; i++) {
    engine.report(task, big);
    if (i % 10 === 0) await delay(1);
  }
  engine.release();
  await delay(20);
  client.socket.resume();
  await client.until(() => client.text.includes('{"id":"w","status":"ok","data":{"watching":false}}'));
  const events = client.text
    .trimEnd()
    .split("\n")
    .slice(2, -1)
    .map((line) => JSON.parse(line).data);
  assert.ok(events.every((event) => event !== undefined));
  const missed = events.filter(({ type }) => type === "missed").reduce((sum, { count }) => sum + count, 0);
  const seen = events.filter(({ type }) => type === "progress").length;
  assert.ok(missed > 0);
  assert.equal(missed + seen, 300);
  assert.equal(events.at(-1).state, "done");
});
