import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { LIMITS, withLimits } from "../../src/gateway/limits.ts";
import { dial, openGateway, type Client } from "./open-gateway.ts";

const held = (id: number, payload = ""): string =>
  `{"id":${id},"action":"hold","payload":${JSON.stringify(payload)}}\n`;

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

test("the table of the protocol's page is the table of the code", () => {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `--([a-z-]+)` \| ([^|]+) \| (.+) \|$/gm)].map((row) => row.slice(1, 4));
  const units = new Map([
    ["MiB", 2 ** 20],
    ["GiB", 2 ** 30],
    ["s", 1000],
    ["min", 60_000],
    ["h", 3_600_000],
  ]);
  const read = rows.map(([flag, value, meaning]) => {
    const [number, unit] = value!.trim().split(" ");
    return { flag, default: Number(number) * (unit === undefined ? 1 : units.get(unit)!), meaning };
  });
  assert.deepEqual(
    read,
    Object.values(LIMITS).map(({ flag, default: value, meaning }) => ({ flag, default: value, meaning })),
  );
  assert.throws(() => withLimits({ depth: 0 }), RangeError);
  assert.throws(() => withLimits({ depth: Number.NaN }), RangeError);
});

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
  assert.equal(busy.headers.get("retry-after"), "1");
  assert.equal(((await busy.json()) as { retryAfterMs: number }).retryAfterMs, 1000);
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

test("connections beyond the limits are closed without a word, and there is room again after", async (t) => {
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
