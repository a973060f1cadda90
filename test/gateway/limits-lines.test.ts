/** Lines that are too long, too deep or too wide: each is answered, and none lies in memory. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dial, openGateway, talk } from "./open-gateway.ts";

test("a line of exactly the limit passes, one more byte is too_large with its id, and the next line is read", async (t) => {
  const { port } = await openGateway(t, { limits: { lineBytes: 1000 } });
  const line = (id: number, bytes: number): string => {
    const frame = `{"id":${id},"action":"echo","payload":""}`;
    return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
  };
  for (const end of ["\n", "\r\n"]) {
    const text = await talk(
      t,
      port,
      [line(1, 1000), line(2, 1001), line(3, 500), line(4, 90_000), line(5, 999), ""].join(end),
    );
    const replies = text
      .trimEnd()
      .split("\n")
      .map((reply) => JSON.parse(reply));
    const outcome = replies
      .map(({ id, status, result }) => `${id} ${status} ${result.error?.code ?? ""}`)
      .sort();
    assert.deepEqual(outcome, ["1 done ", "2 failed too_large", "3 done ", "4 failed too_large", "5 done "]);
  }
});

test("an over-long line is answered before its end, thrown away, and closes the connection past the discard limit", async (t) => {
  const { port } = await openGateway(t, { limits: { lineBytes: 10_000, discardBytes: 200_000 } });
  const client = await dial(t, port);
  client.send(`{"id":"big","action":"echo","payload":"${"x".repeat(20_000)}`);
  const [reply] = await client.lines(1);
  assert.match(reply!, /^\{"id":"big","status":"failed","result":\{"ok":false,"error":\{"code":"too_large"/);
  client.send("x".repeat(150_000));
  client.send('x"}\n{"id":2,"action":"echo"}\n');
  assert.match((await client.lines(2))[1]!, /"id":2,"status":"done"/);
  for (let i = 0; i < 10 && !client.isClosed; i++) {
    client.send("y".repeat(50_000));
    await delay(5);
  }
  await client.until(() => client.isClosed);
});

test("64 MiB without a newline never lie in memory", async (t) => {
  const { port } = await openGateway(t);
  const client = await dial(t, port);
  const chunk = Buffer.alloc(1024 * 1024, "x");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heldBytes = (): number => {
    collect();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const before = heldBytes();
  let most = 0;
  let sent = 0;
  for (; sent < 70 && !client.isClosed; sent++) {
    await new Promise<void>((resolve) => client.socket.write(chunk, () => resolve()));
    if (sent % 10 === 9) most = Math.max(most, heldBytes() - before);
  }
  await client.until(() => client.isClosed);
  assert.ok(sent >= 60);
  assert.ok(most < 24 * 1024 * 1024, `${most} bytes more`);
});

test("refuses what is too deep or has too many keys before it reaches the engine", async (t) => {
  const { port, engine } = await openGateway(t);
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const wide = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"k${i}":0`).join()}}`;
  const ask = async (payload: string): Promise<string> =>
    talk(t, port, `{"id":1,"action":"echo","payload":${payload}}\n`);
  assert.match(await ask(nested(63)), /"status":"done"/);
  assert.match(
    await ask(nested(64)),
    /"id":1,.*"code":"too_large","message":"the line is nested deeper than 64"/,
  );
  assert.match(await ask(nested(200_000)), /"code":"too_large"/);
  assert.match(await ask(wide(9997)), /"status":"done"/);
  assert.match(await ask(wide(9998)), /"code":"too_large","message":"the line has more than 10000 keys"/);
  // Brackets inside a text are no nesting.
  assert.match(await ask(JSON.stringify(`"\\${nested(100)}`)), /"status":"done"/);
  assert.equal(engine.submitted, 3);
});
