import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { dial, openGateway, talk } from "./open-gateway.ts";

const TOKEN = "a-token-of-some-length";
const SUBMIT = '{"action":"upper","payload":"hola"}';

type Told = { status: number; body: string; headers: Record<string, unknown> };

/** node:http, since fetch does not let anyone say Host or Origin. */
function ask(
  port: number,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { method = "GET", path = "/v1/stats", headers = {}, body } = options;
    const sent = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, body: text, headers: response.headers }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const json = { "content-type": "application/json" };

test("hazard 9: a page from elsewhere cannot reach it: not by rebinding, CORS, a form, or text that looks like lines", async (t) => {
  const { port, engine } = await openGateway(t);
  const evil = "https://evil.example";
  const own = `localhost:${port}`;
  const attacks: [string, Parameters<typeof ask>[1], number][] = [
    ["a name that was made to point here", { headers: { host: `evil.example:${port}` } }, 403],
    ["a name that begins like ours", { headers: { host: "localhost.evil.example" } }, 403],
    [
      "the same through an absolute URL",
      { path: "http://evil.example/v1/stats", headers: { host: "evil.example" } },
      403,
    ],
    [
      "fetch with CORS",
      { method: "POST", path: "/v1/tasks", headers: { host: own, origin: evil, ...json }, body: SUBMIT },
      403,
    ],
    [
      "its preflight",
      {
        method: "OPTIONS",
        path: "/v1/tasks",
        headers: { host: own, origin: evil, "access-control-request-method": "POST" },
      },
      403,
    ],
    [
      "a sandboxed frame",
      { method: "POST", path: "/v1/tasks", headers: { host: own, origin: "null", ...json }, body: SUBMIT },
      403,
    ],
    [
      "another port of this machine",
      {
        method: "POST",
        path: "/v1/tasks",
        headers: { host: own, origin: "http://localhost:5173", ...json },
        body: SUBMIT,
      },
      403,
    ],
    [
      "a form of a browser that says no Origin",
      {
        method: "POST",
        path: "/v1/tasks",
        headers: { host: own, "content-type": "text/plain" },
        body: SUBMIT,
      },
      415,
    ],
    [
      "a form with fields",
      {
        method: "POST",
        path: "/v1/tasks",
        headers: { host: own, "content-type": "application/x-www-form-urlencoded" },
        body: SUBMIT,
      },
      415,
    ],
    [
      "an act without a body",
      { method: "POST", path: "/v1/queues/default/purge", headers: { host: own, origin: evil } },
      403,
    ],
    [
      "the same, told by Sec-Fetch-Site alone",
      {
        method: "POST",
        path: "/v1/queues/default/purge",
        headers: { host: own, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      },
      403,
    ],
    ["a read", { headers: { host: own, origin: evil } }, 403],
  ];
  for (const [what, attack, status] of attacks) {
    const told = await ask(port, attack);
    assert.equal(told.status, status, what);
    assert.equal(told.headers["access-control-allow-origin"], undefined, what);
    assert.match(String(told.headers["content-type"]), /^application\/problem\+json/, what);
  }
  // no-cors, text/plain: the body is lines, but this connection is HTTP for ever.
  const lines = `{"id":1,"action":"upper","payload":"x"}\nupper hola\n`.repeat(20);
  const smuggled = await talk(
    t,
    port,
    `POST / HTTP/1.1\r\nHost: ${own}\r\nContent-Type: text/plain\r\nContent-Length: ${lines.length}\r\n\r\n${lines}${lines}`,
  );
  assert.match(smuggled, /^HTTP\/1\.1 4/);
  assert.ok(!smuggled.includes("HOLA"));
  assert.equal(engine.submitted, 0);
  // What its own page does works.
  for (const origin of [`http://${own}`, undefined]) {
    const headers = { host: own, ...json, ...(origin ? { origin } : {}) };
    assert.equal((await ask(port, { method: "POST", path: "/v1/tasks", headers, body: SUBMIT })).status, 202);
  }
  for (const host of ["localhost", "127.0.0.1:1", "[::1]:9000", "LOCALHOST:80"]) {
    assert.equal((await ask(port, { headers: { host } })).status, 200, host);
  }
});

async function socketOutcome(
  t: TestContext,
  port: number,
  headers: Record<string, string>,
  protocols: string[] = [],
): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, protocols, { headers });
  t.after(() => socket.terminate());
  return Promise.race([
    once(socket, "open").then(() => "open"),
    once(socket, "unexpected-response").then(([, response]) => String(response.statusCode)),
  ]);
}

test("a WebSocket from another page or name is refused", async (t) => {
  const { port } = await openGateway(t);
  const host = `localhost:${port}`;
  assert.equal(await socketOutcome(t, port, { host, origin: "https://evil.example" }), "403");
  assert.equal(await socketOutcome(t, port, { host, origin: "null" }), "403");
  assert.equal(await socketOutcome(t, port, { host: "evil.example", origin: "http://evil.example" }), "403");
  assert.equal(await socketOutcome(t, port, { host, origin: `http://${host}` }), "open");
  assert.equal(await socketOutcome(t, port, { host }), "open");
});

test("hosts and origins that were configured are served, with what their browsers need", async (t) => {
  const { port } = await openGateway(t, { hosts: ["tanda.lan"], origins: ["https://board.example/"] });
  const host = "tanda.lan:80";
  const origin = "https://board.example";
  assert.equal((await ask(port, { headers: { host } })).status, 200);
  const preflight = await ask(port, {
    method: "OPTIONS",
    path: "/v1/tasks",
    headers: { host, origin, "access-control-request-method": "POST" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-origin"], origin);
  assert.match(String(preflight.headers["access-control-allow-headers"]), /Idempotency-Key/);
  const told = await ask(port, {
    method: "POST",
    path: "/v1/tasks",
    headers: { host, origin, ...json },
    body: SUBMIT,
  });
  assert.equal(told.status, 202);
  assert.equal(told.headers["access-control-allow-origin"], origin);
  assert.equal(told.headers["vary"], "Origin");
  assert.equal(await socketOutcome(t, port, { host, origin }), "open");
});

test("hazard 13: with a token, HTTP needs it, but for health, the description and the page", async (t) => {
  const { port } = await openGateway(t, { token: TOKEN });
  for (const path of ["/", "/healthz", "/readyz", "/openapi.json"])
    assert.equal((await ask(port, { path })).status, 200, path);
  for (const path of ["/v1/stats", "/metrics", "/v1/tasks", "/v1/events", "/v1/stats?token=" + TOKEN]) {
    const told = await ask(port, { path });
    assert.equal(told.status, 401, path);
    assert.match(String(told.headers["www-authenticate"]), /^Bearer/);
    assert.equal((JSON.parse(told.body) as { code: string }).code, "unauthorized");
  }
  for (const authorization of ["Bearer wrong", "Bearer ", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
    assert.equal((await ask(port, { headers: { authorization } })).status, 401, authorization);
  }
  assert.equal((await ask(port, { headers: { authorization: `Bearer ${TOKEN}` } })).status, 200);
  assert.equal((await ask(port, { headers: { authorization: `bearer ${TOKEN}` } })).status, 200);
});

test("hazard 13: with a token, lines and inline need it once; ping does not", async (t) => {
  const { port, engine } = await openGateway(t, { token: TOKEN });
  const client = await dial(t, port);
  client.send('{"id":1,"action":"echo"}\n{"id":2,"op":"stats"}\nupper x\nPING\n{"id":3,"op":"ping"}\n');
  const before = (await client.lines(5)).toSorted();
  assert.equal(before.filter((line) => line.includes("unauthorized")).length, 3);
  assert.ok(before.includes("PONG"));
  assert.ok(before.some((line) => line.startsWith('{"id":3,"status":"ok"')));
  client.send(`{"id":4,"op":"auth","token":"${TOKEN}"}\n`);
  assert.equal((await client.lines(6))[5], '{"id":4,"status":"ok","data":{"authorized":true}}');
  client.send("upper x\n");
  assert.equal((await client.lines(7))[6], "X");
  assert.equal(engine.submitted, 1);
  assert.equal(await talk(t, port, `auth ${TOKEN}\nupper y\n`), "ok\nY\n");
});

test("three wrong tokens close the connection", async (t) => {
  const { port } = await openGateway(t, { token: TOKEN });
  const client = await dial(t, port);
  client.send('{"op":"auth","token":"a"}\nauth b\n');
  await client.lines(2);
  assert.equal(client.isEnded, false);
  client.send("auth c\n");
  assert.equal((await client.ended()).match(/unauthorized/g)!.length, 3);
});

test("with a token, a WebSocket brings it in a header, a subprotocol, or its first message", async (t) => {
  const { port } = await openGateway(t, { token: TOKEN });
  const carried = `tanda.token.${Buffer.from(TOKEN).toString("base64url")}`;
  const say = async (
    headers: Record<string, string>,
    protocols: string[],
    lines: string[],
  ): Promise<{ protocol: string; answers: string[] }> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, protocols, { headers });
    t.after(() => socket.terminate());
    await once(socket, "open");
    const answers: string[] = [];
    for (const line of lines) {
      socket.send(line);
      answers.push(String((await once(socket, "message"))[0]));
    }
    return { protocol: socket.protocol, answers };
  };
  const echo = '{"id":1,"action":"echo"}';
  const done = '{"id":1,"status":"done","result":{"ok":true,"data":null}}';
  assert.deepEqual((await say({ authorization: `Bearer ${TOKEN}` }, [], [echo])).answers, [done]);
  assert.deepEqual(await say({}, ["tanda", carried], [echo]), { protocol: "tanda", answers: [done] });
  const first = await say({}, [], [echo, `{"op":"auth","token":"${TOKEN}"}`, echo]);
  assert.match(first.answers[0]!, /unauthorized/);
  assert.equal(first.answers[2], done);
  assert.equal(await socketOutcome(t, port, {}, ["tanda", "tanda.token.d3Jvbmc"]), "401");
});

test("hazard 9: off loopback nobody is let in without a token, on any listener", async (t) => {
  const listen = ["0.0.0.0", "127.0.0.1"].map((host) => ({ host, port: 0, proxy: false }));
  const { port, engine } = await openGateway(t, { listen });
  assert.equal((await ask(port, {})).status, 401);
  assert.match(await talk(t, port, "upper hola\n"), /^error: unauthorized/);
  assert.equal(engine.submitted, 0);
});
