import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway, type Client } from "./open-gateway.ts";
import { until } from "../until.ts";

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

test("a started line must end in time, a silent connection may stay, an idle one not for ever", async (t) => {
  const { port, log, skipMs } = await openGateway(t, { limits: { lineMs: 10_000, idleMs: 3_600_000 } });
  const started = await dial(t, port);
  started.send('{"id":1,');
  const undecided = await dial(t, port);
  undecided.send("GE");
  const afterOne = await dial(t, port);
  afterOne.send('PING\n{"id"');
  const [silent, blank, idle, busy] = [
    await dial(t, port),
    await dial(t, port),
    await dial(t, port),
    await dial(t, port),
  ];
  blank.send("\r\n");
  idle.send("PING\n");
  busy.send('{"id":1,"action":"hold"}\n');
  await idle.lines(1);
  await afterOne.lines(1);
  // Far from the limit, since the clock goes on by itself too.
  skipMs(5000);
  await delay(1100);
  assert.ok(!started.isClosed && !undecided.isClosed);
  skipMs(6000);
  await until(() => started.isClosed && undecided.isClosed && afterOne.isClosed);
  assert.ok(!silent.isClosed && !blank.isClosed && !idle.isClosed);
  skipMs(3_600_000);
  await until(() => silent.isClosed && blank.isClosed && idle.isClosed);
  assert.ok(!busy.isClosed, "it waits for an answer");
  assert.ok(log.some((line) => line.includes("idle")));
});

test("hazard 6: connections beyond the limits are closed without a word, and there is room again after", async (t) => {
  for (const limits of [{ connections: 3 }, { addressConnections: 3 }]) {
    const { port, gateway } = await openGateway(t, { limits });
    const kept = [await dial(t, port), await dial(t, port), await dial(t, port)];
    await until(() => gateway.connections === 3);
    const refused = await dial(t, port);
    await refused.until(() => refused.isClosed);
    assert.equal(refused.text, "");
    kept[0]!.socket.destroy();
    await until(() => gateway.connections === 2);
    const next = await dial(t, port);
    next.send("PING\n");
    assert.deepEqual(await next.lines(1), ["PONG"]);
  }
});

test("watches of a connection are bounded, named by their id, and end when told", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { watches: 2 } });
  const client = await dial(t, port);
  for (const id of [1, 2]) client.send(`{"id":${id},"op":"watch","action":"upper"}\n`);
  await client.lines(2);
  client.send('{"id":3,"op":"watch"}\n{"id":2,"op":"watch"}\n{"id":4,"op":"unwatch","watch":9}\n');
  const codes = (await client.lines(5)).slice(2).map((line) => JSON.parse(line).result.error.code);
  assert.deepEqual(codes.toSorted(byText), ["busy", "conflict", "not_found"]);
  client.send('{"id":5,"op":"unwatch","watch":1}\n');
  assert.deepEqual((await client.lines(7)).slice(5).sort(), [
    '{"id":1,"status":"ok","data":{"watching":false}}',
    '{"id":5,"status":"ok","data":{"watching":false}}',
  ]);
  assert.equal(engine.watching, 1);
  client.socket.resetAndDestroy();
  await until(() => engine.watching === 0);
});

test("two thousand sockets that drip bytes do not disturb an honest one", async (t) => {
  const { port, gateway } = await openGateway(t);
  const dripping: Client[] = [];
  for (let i = 0; i < 20; i++)
    dripping.push(...(await Promise.all(Array.from({ length: 100 }, () => dial(t, port)))));
  assert.equal(dripping.length, 2000);
  await until(() => gateway.connections === 2000);
  const bytes = ['{"id":1,"action":"upper","payload":"', "GET /v1/tasks HTTP/1.1\r\nHost: localh"];
  let round = 0;
  const drip = setInterval(() => {
    dripping.forEach((client, i) => client.send(bytes[i % 2]![round % 36]!));
    round++;
  }, 200);
  t.after(() => clearInterval(drip));
  const honest = await dial(t, port);
  for (let id = 1; id <= 200; id++) {
    honest.send(`{"id":${id},"action":"echo","payload":${id}}\n`);
    const lines = await honest.lines(id);
    assert.equal(lines.at(-1), `{"id":${id},"status":"done","result":{"ok":true,"data":${id}}}`);
  }
  assert.ok(round > 0 || gateway.connections === 2001);
  for (const client of dripping) client.socket.destroy();
});

test("a client that sends no more and only watches is closed when nothing is told for as long as one may be idle", async (t) => {
  const { port, engine, skipMs } = await openGateway(t, { limits: { idleMs: 10_000 } });
  const [open, ended] = [await dial(t, port, true), await dial(t, port, true)];
  for (const client of [open, ended]) client.send('{"id":1,"op":"watch","action":"upper"}\n');
  await Promise.all([open.lines(1), ended.lines(1)]);
  ended.socket.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(engine.watching, 2);
  skipMs(11_000);
  await ended.ended();
  await until(() => engine.watching === 1);
  assert.equal(open.isEnded, false);
});
