import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway, talk } from "./open-gateway.ts";
import { get } from "./json-requests.ts";

test("late heads and late bodies are closed, an idle connection is not", async (t) => {
  const { port, url } = await openGateway(t, { limits: { lineMs: 200, bodyMs: 200 } });
  const head = await dial(t, port);
  head.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  const body = await dial(t, port);
  body.send(
    "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
  );
  const idle = await dial(t, port);
  idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match(await head.ended(), /^HTTP\/1.1 408 [^]*problem\+json/);
  assert.match(await body.ended(), /^HTTP\/1.1 408 [^]*the body took too long/);
  await delay(400);
  assert.equal(idle.isClosed, false);
  assert.equal((await get(`${url}/healthz`)).status, 200);
});

test("absolute URLs and * are understood, and a connection that was HTTP stays HTTP", async (t) => {
  const { port } = await openGateway(t);
  assert.match(
    await talk(
      t,
      port,
      "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ),
    /^HTTP\/1.1 200 /,
  );
  assert.match(
    await talk(t, port, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1.1 204 /,
  );
  assert.match(await talk(t, port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), /^HTTP\/1.1 400 /);
  const text = await talk(
    t,
    port,
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n{"id":1,"action":"upper","payload":"hola"}\n',
  );
  assert.match(text, /HTTP\/1.1 400 /);
  assert.ok(!text.includes("HOLA"));
});

test("a pipelined keep-alive connection answers all, in order", async (t) => {
  const { port } = await openGateway(t);
  const one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const text = await talk(t, port, one.repeat(5));
  assert.equal(text.match(/HTTP\/1.1 200/g)!.length, 5);
});

test("what is not HTTP is refused behind the answers to what came before it, and at once where nothing did", async (t) => {
  const { port } = await openGateway(t);
  const first = `POST /v1/tasks?wait=5 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const body = '{"action":"upper","payload":"hola"}';
  const whole = `${first}Content-Length: ${body.length}\r\n\r\n${body}`;
  const cut = `${first}Transfer-Encoding: chunked\r\n\r\n5\r\n{"act\r\nZ\r\n`;
  for (const nonsense of ["no such thing\r\n\r\n", cut]) {
    const behind = await dial(t, port);
    behind.send(whole + nonsense);
    const text = await behind.ended();
    assert.match(text, /^HTTP\/1.1 200 [^]*"result":"HOLA"}HTTP\/1.1 400 [^]*this is not valid HTTP/);
  }
  const alone = await dial(t, port);
  alone.send(cut);
  assert.match(await alone.ended(), /^HTTP\/1.1 400 [^]*this is not valid HTTP/);
});

test("requests that wait, one after another on one connection, leave nothing on it", async (t) => {
  const { port, engine } = await openGateway(t);
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  t.after(() => process.removeListener("warning", note));
  const client = await dial(t, port);
  const body = '{"action":"hold"}';
  const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  for (let n = 1; n <= 30; n++) {
    client.send(`POST /v1/tasks?wait=10 HTTP/1.1\r\n${head}\r\n${body}`);
    while (engine.waiting === 0) await delay(1);
    engine.release();
    await client.until(() => client.text.split("HTTP/1.1 200 ").length > n);
  }
  // A warning is told in a turn of its own.
  await delay(0);
  assert.deepEqual(warnings, []);
});
