import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ERROR_CODES } from "../../src/task/errors.ts";
import { dial, openGateway, talk } from "./open-gateway.ts";

/** Whatever JSON there is: what it should be is what the tests say. */
type Json = ReturnType<typeof JSON.parse>;

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { response, status: response.status, body: (await response.json()) as Record<string, Json> };
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const body: Json = isJson ? JSON.parse(text) : text;
  return { response, status: response.status, body };
}

test("a submit is 202 with a Location, or 200 with the result when it waits", async (t) => {
  const { url } = await openGateway(t);
  const plain = await post(`${url}/v1/tasks`, { action: "upper", payload: "hola" });
  assert.equal(plain.status, 202);
  assert.equal(plain.body["status"], "queued");
  assert.equal(plain.response.headers.get("location"), `/v1/tasks/${plain.body["task"]}`);
  const found = await get(url + plain.response.headers.get("location") + "?wait=5");
  assert.equal(found.body.state, "done");
  assert.equal(found.body.result, "HOLA");

  for (const waited of [
    await post(`${url}/v1/tasks`, { action: "upper", payload: "hola" }, { prefer: "wait=10" }),
    await post(`${url}/v1/tasks`, { action: "upper", payload: "hola" }, { prefer: "respond-async, wait=10" }),
    await post(`${url}/v1/tasks?wait=10`, { action: "upper", payload: "hola" }),
  ]) {
    assert.equal(waited.status, 200);
    assert.deepEqual(waited.body, { task: waited.body["task"], status: "done", result: "HOLA" });
    assert.equal(waited.response.headers.get("preference-applied"), "wait=10");
  }
});

test("a wait that is over answers 202 and leaves nothing behind; a client that goes away neither", async (t) => {
  const { url, engine } = await openGateway(t);
  const late = await post(`${url}/v1/tasks`, { action: "hold" }, { prefer: "wait=0.05" });
  assert.equal(late.status, 202);
  assert.equal(engine.waiting, 0);
  const controller = new AbortController();
  const gone = fetch(`${url}/v1/tasks/${late.body["task"]}?wait=60`, { signal: controller.signal });
  while (engine.waiting === 0) await delay(5);
  controller.abort();
  await assert.rejects(gone);
  while (engine.waiting > 0) await delay(5);
});

test("a wait that is longer than the longest is cut to it, and told so", async (t) => {
  const { url } = await openGateway(t, { limits: { waitMs: 100 } });
  const cut = await post(`${url}/v1/tasks`, { action: "hold" }, { prefer: "wait=60" });
  assert.equal(cut.status, 202);
  assert.equal(cut.response.headers.get("preference-applied"), "wait=0.1");
});

test("a failure answers with its own status as a problem that names the task", async (t) => {
  const { url } = await openGateway(t);
  const failed = await post(`${url}/v1/tasks?wait=5`, { action: "fail", payload: "boom" });
  assert.equal(failed.status, ERROR_CODES.task_error.http);
  assert.match(failed.response.headers.get("content-type")!, /^application\/problem\+json/);
  assert.equal(failed.body["code"], "task_error");
  assert.equal(failed.body["detail"], "boom");
  assert.match(failed.body["task"], /^[0-9a-f-]{36}$/);
  const result = await get(`${url}/v1/tasks/${failed.body["task"]}/result`);
  assert.equal(result.status, 422);
  const held = await post(`${url}/v1/tasks`, { action: "hold" });
  assert.equal((await get(`${url}/v1/tasks/${held.body["task"]}/result`)).status, 202);
  assert.equal((await post(`${url}/v1/tasks/${held.body["task"]}/cancel`, "")).body["state"], "cancelled");
  assert.equal((await get(`${url}/v1/tasks/${held.body["task"]}/result`)).body.code, "cancelled");
});

test("Idempotency-Key, quoted or bare, answers a repeat like the first and another request with a conflict", async (t) => {
  const { url, engine } = await openGateway(t);
  const first = await post(
    `${url}/v1/tasks`,
    { action: "upper", payload: "a" },
    { "idempotency-key": '"k-1"' },
  );
  const again = await post(
    `${url}/v1/tasks`,
    { action: "upper", payload: "a" },
    { "idempotency-key": "k-1" },
  );
  assert.equal(again.status, 202);
  assert.deepEqual(again.body, first.body);
  assert.equal(again.response.headers.get("location"), first.response.headers.get("location"));
  assert.equal(engine.rows.size, 1);
  const other = await post(
    `${url}/v1/tasks`,
    { action: "upper", payload: "b" },
    { "idempotency-key": "k-1" },
  );
  assert.equal(other.status, 409);
  assert.equal(other.body["code"], "conflict");
  const both = await post(
    `${url}/v1/tasks`,
    { action: "upper", options: { key: "x" } },
    { "idempotency-key": "y" },
  );
  assert.equal(both.status, 400);
});

test("bulk answers each in order, the wrong ones with their error", async (t) => {
  const { url, engine } = await openGateway(t, { limits: { bulkTasks: 5 } });
  const { status, body } = await post(`${url}/v1/tasks/bulk`, {
    tasks: [
      { action: "echo" },
      { action: "nope" },
      { action: "echo", options: { delay: "1m", task: ID } },
      { prio: 1 },
    ],
  });
  assert.equal(status, 202);
  const told = body["tasks"].map((one: Json) => one.status ?? one.error.code);
  assert.deepEqual(told, ["queued", "unknown_action", "scheduled", "bad_request"]);
  assert.equal(body["tasks"][2].task, ID);
  assert.deepEqual(engine.batches, [3]);
  assert.equal(
    (await post(`${url}/v1/tasks/bulk`, { tasks: Array.from({ length: 6 }, () => ({ action: "echo" })) }))
      .status,
    413,
  );
  assert.equal((await post(`${url}/v1/tasks/bulk`, { jobs: [] })).status, 400);
  assert.deepEqual((await post(`${url}/v1/tasks/bulk`, { tasks: [] })).body, { tasks: [] });
});

test("a large result comes whole, also through the wait and on lines, and as a link past the line limit", async (t) => {
  const { url, port } = await openGateway(t, { limits: { lineBytes: 300_000 } });
  const fits = await post(`${url}/v1/tasks?wait=5`, { action: "large", payload: 200_000 });
  assert.equal(fits.body["result"].length, 200_000);
  const result = await get(`${url}/v1/tasks/${fits.body["task"]}/result`);
  assert.equal(result.body.length, 200_000);
  const over = await post(`${url}/v1/tasks?wait=5`, { action: "large", payload: 400_000 });
  assert.equal(over.body["result"].bytes, 400_002);
  const whole = await get(`${url}/v1/tasks/${over.body["task"]}/result`);
  assert.equal(whole.body.length, 400_000);
  const line = JSON.parse(await talk(t, port, '{"id":1,"action":"large","payload":200000}\n'));
  assert.equal(line.result.data.length, 200_000);
  const link = JSON.parse(await talk(t, port, '{"id":1,"action":"large","payload":400000}\n'));
  assert.deepEqual(Object.keys(link.result.data), ["$blob", "bytes"]);
  const near = await talk(t, port, `{"id":1,"action":"large","payload":${300_000 - 3 - 100}}\n`);
  assert.ok(near.length <= 300_001 && near.includes("$blob"), String(near.length));
});

test("blobs are streamed in and out, in ranges, and never run by a browser", async (t) => {
  const { url } = await openGateway(t);
  const bytes = Buffer.alloc(3_000_000, "abcdefghij");
  const put = await fetch(`${url}/v1/blobs`, {
    method: "PUT",
    body: bytes,
    headers: { "content-type": "text/html" },
  });
  assert.equal(put.status, 201);
  const link = (await put.json()) as { $blob: string; bytes: number };
  assert.equal(link.bytes, 3_000_000);
  assert.equal(put.headers.get("location"), `/v1/blobs/${link.$blob}`);
  const at = url + put.headers.get("location");
  const got = await fetch(at);
  assert.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
  assert.equal(got.headers.get("x-content-type-options"), "nosniff");
  assert.match(got.headers.get("content-disposition")!, /^attachment/);
  assert.match(got.headers.get("content-security-policy")!, /sandbox/);
  assert.equal(got.headers.get("content-type"), "text/html");
  for (const [range, expected, told] of [
    ["bytes=0-4", "abcde", "bytes 0-4/3000000"],
    ["bytes=2999998-", "ij", "bytes 2999998-2999999/3000000"],
    ["bytes=-3", "hij", "bytes 2999997-2999999/3000000"],
    ["bytes=2999999-9999999", "j", "bytes 2999999-2999999/3000000"],
  ] as const) {
    const part = await fetch(at, { headers: { range } });
    assert.equal(part.status, 206);
    assert.equal(await part.text(), expected);
    assert.equal(part.headers.get("content-range"), told);
  }
  const outside = await get(at, { range: "bytes=3000000-" });
  assert.equal(outside.status, 416);
  assert.equal(outside.response.headers.get("content-range"), "bytes */3000000");
  assert.equal(outside.body.code, "bad_request");
  assert.equal((await fetch(at, { headers: { "if-none-match": `"${link.$blob}"` } })).status, 304);
  const head = await fetch(at, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "3000000");
  assert.equal((await get(`${url}/v1/blobs/nope`)).body.code, "not_found");
  // JSON bodies are streamed here too, not read.
  const json = await fetch(`${url}/v1/blobs`, {
    method: "PUT",
    body: "{",
    headers: { "content-type": "application/json" },
  });
  assert.equal(json.status, 201);
});

test("a blob over the limit is too_large, told or chunked", async (t) => {
  const { url } = await openGateway(t, { limits: { blobBytes: 1000 } });
  const told = await fetch(`${url}/v1/blobs`, { method: "PUT", body: Buffer.alloc(2000) });
  assert.equal(told.status, 413);
  assert.equal(((await told.json()) as Json).code, "too_large");
  const chunked = await fetch(`${url}/v1/blobs`, {
    method: "PUT",
    body: new Blob([Buffer.alloc(2000)]).stream(),
    duplex: "half",
  });
  assert.equal(chunked.status, 413);
});

test("an upload that stands still is cut, one that goes on slowly is not, and one that broke off leaves nothing", async (t) => {
  const { port, engine } = await openGateway(t, { limits: { bodyMs: 200 } });
  const head = (length: number): string =>
    `PUT /v1/blobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
  const [still, slow, broken] = [await dial(t, port), await dial(t, port), await dial(t, port)];
  still.send(`${head(10)}abc`);
  broken.send(`${head(3)}ab`);
  await delay(20);
  broken.socket.resetAndDestroy();
  slow.send(head(6));
  for (const byte of "abcdef") {
    slow.send(byte);
    await delay(80);
  }
  await slow.until(() => slow.text.includes("$blob"));
  assert.match(slow.text, /^HTTP\/1\.1 201 /);
  await still.until(() => still.isClosed);
  const blobs = [
    createHash("sha256").update("ab").digest("hex"),
    createHash("sha256").update("abc").digest("hex"),
  ];
  for (const id of blobs) await assert.rejects(engine.blobs.stat(id), { code: "not_found" });
});

test("every refusal is a problem with a code of the table", async (t) => {
  const { url, port } = await openGateway(t, { limits: { lineBytes: 2000 } });
  const cases: [number, string, Promise<{ response: Response; status: number; body: Json }>][] = [
    [404, "not_found", get(`${url}/nope`)],
    [404, "not_found", get(`${url}/v1/tasks/${ID}`)],
    [404, "not_found", get(`${url}/v1/tasks/__proto__`)],
    [404, "not_found", get(`${url}/v1/queues/nope`)],
    [405, "bad_request", post(`${url}/v1/stats`, {})],
    [405, "bad_request", get(`${url}/v1/tasks/${ID}/cancel`)],
    [413, "too_large", post(`${url}/v1/tasks`, { action: "echo", payload: "x".repeat(3000) })],
    [
      413,
      "too_large",
      post(`${url}/v1/tasks`, `{"action":"echo","payload":${"[".repeat(70)}${"]".repeat(70)}}`),
    ],
    [400, "bad_json", post(`${url}/v1/tasks`, "{")],
    [400, "bad_request", post(`${url}/v1/tasks`, "[]")],
    [400, "bad_request", post(`${url}/v1/tasks`, "")],
    [400, "bad_request", post(`${url}/v1/tasks`, { action: "echo", options: { prio: 1 } })],
    [400, "bad_request", post(`${url}/v1/tasks`, { action: "echo", options: { wait: true } })],
    [400, "bad_request", post(`${url}/v1/tasks?wait=soon`, { action: "echo" })],
    [400, "bad_request", get(`${url}/v1/tasks?sate=done`)],
    [400, "bad_request", get(`${url}/v1/tasks?state=nope`)],
    [400, "bad_request", get(`${url}/v1/tasks?limit=5000`)],
    [404, "unknown_action", post(`${url}/v1/tasks`, { action: "nope" })],
    [415, "bad_request", post(`${url}/v1/tasks`, "{}", { "content-type": "text/plain" })],
    [
      415,
      "bad_request",
      post(`${url}/v1/tasks`, "a=1", { "content-type": "application/x-www-form-urlencoded" }),
    ],
    [426, "bad_request", get(`${url}/v1/socket`)],
  ];
  for (const [status, code, asked] of cases) {
    const { response, body } = await asked;
    assert.equal(response.status, status, JSON.stringify(body));
    assert.match(response.headers.get("content-type")!, /^application\/problem\+json/);
    assert.equal(body.code, code);
    assert.equal(body.status, status);
    assert.ok(body.title && body.detail && body.type === "about:blank");
  }
  const wrongMethod = await post(`${url}/v1/stats`, {});
  assert.equal(wrongMethod.response.headers.get("allow"), "GET, HEAD");
  assert.match(
    await talk(t, port, "GET / HTTP/1.1\r\nbad header\r\n\r\n"),
    /^HTTP\/1.1 400 [^]*problem\+json[^]*"code":"bad_request"/,
  );
  assert.match(
    await talk(t, port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1.1 431 /,
  );
});

test("views, queues, health and the page", async (t) => {
  const { url, engine } = await openGateway(t);
  for (const name of ["actions", "queues", "workers", "nodes", "stats"])
    assert.equal((await get(`${url}/v1/${name}`)).status, 200);
  assert.equal((await post(`${url}/v1/queues/mail/pause`, "")).body["mode"], "paused");
  assert.equal((await get(`${url}/v1/queues/mail`)).body.mode, "paused");
  assert.equal((await fetch(`${url}/v1/queues/mail/resume`, { method: "POST" })).status, 200);
  assert.equal((await get(`${url}/readyz`)).body.state, "ready");
  engine.health = { state: "not_ready", reason: "the store does not answer" };
  const down = await get(`${url}/readyz`);
  assert.equal(down.status, 503);
  assert.equal(down.body.state, "not_ready");
  assert.equal(down.body.reason, "the store does not answer");
  assert.equal((await get(`${url}/healthz`)).status, 200);
  const page = await get(url);
  assert.match(page.body, /<h1>Tanda<\/h1>/);
  assert.match(
    page.response.headers.get("content-security-policy")!,
    /default-src 'none'; script-src 'sha256-/,
  );
});

test("metrics are Prometheus text with escaped labels and cumulative buckets", async (t) => {
  const { url, engine } = await openGateway(t);
  engine.metrics.observeStartDelay("echo", 0.0005);
  engine.metrics.observeStartDelay("echo", 0.3);
  engine.metrics.observeStartDelay("echo", 99_999);
  engine.metrics.countFinished("echo", "failed", "timed_out", 2);
  const { response, body } = await get(`${url}/metrics`);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const lines = new Set((body as string).split("\n"));
  for (const line of [
    'tanda_tasks{state="done",action="we\\"ird\\n",queue="default"} 3',
    'tanda_tasks_finished_total{action="echo",state="failed",code="timed_out"} 2',
    'tanda_queue_depth{queue="default"} 2',
    'tanda_queue_oldest_age_seconds{queue="default"} 1.5',
    'tanda_schedule_to_start_seconds_bucket{action="echo",le="0.0005"} 1',
    'tanda_schedule_to_start_seconds_bucket{action="echo",le="0.5"} 2',
    'tanda_schedule_to_start_seconds_bucket{action="echo",le="3600"} 2',
    'tanda_schedule_to_start_seconds_bucket{action="echo",le="+Inf"} 3',
    'tanda_schedule_to_start_seconds_count{action="echo"} 3',
    'tanda_threads{state="busy"} 1',
    'tanda_threads{state="idle"} 0',
    "# TYPE tanda_run_seconds histogram",
    "tanda_connections 1",
  ])
    assert.ok(lines.has(line), `${line}\n${body}`);
  assert.match(body, /^tanda_event_loop_lag_seconds\{quantile="0\.99"\} 0(\.\d+)?$/m);
});

test("events of one task end with its end, and a browser is told not to come again", async (t) => {
  const { url, engine } = await openGateway(t);
  const { body } = await post(`${url}/v1/tasks`, { action: "hold", payload: 7 });
  const task = body["task"] as string;
  const response = await fetch(`${url}/v1/tasks/${task}/events`);
  assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
  engine.report(task, { percent: 50 });
  engine.release();
  const text = await response.text();
  assert.match(text, /event: progress\ndata: \{"type":"progress".*"percent":50/);
  assert.match(text, /event: state\nid: end\ndata: \{"type":"state".*"state":"done".*\n\n$/);
  assert.equal(engine.watching, 0);
  const again = await fetch(`${url}/v1/tasks/${task}/events`, { headers: { "last-event-id": "end" } });
  assert.equal(again.status, 204);
  assert.equal((await get(`${url}/v1/tasks/${ID}/events`)).body.code, "not_found");
});

test("events of all tasks are filtered, and stop when the client goes or the node drains", async (t) => {
  const { url, engine, gateway } = await openGateway(t);
  const controller = new AbortController();
  const response = await fetch(`${url}/v1/events?action=upper`, { signal: controller.signal });
  await post(`${url}/v1/tasks?wait=5`, { action: "echo" });
  await post(`${url}/v1/tasks?wait=5`, { action: "upper", payload: "x" });
  const reader = response.body!.getReader();
  let text = "";
  while (!text.includes('"state":"done"')) text += Buffer.from((await reader.read()).value).toString();
  assert.ok(!text.includes('"action":"echo"'));
  controller.abort();
  while (engine.watching > 0) await delay(5);
  const other = await fetch(`${url}/v1/events`);
  const drained = gateway.drain();
  await other.text();
  await drained;
});

test("the OpenAPI document is 3.1, lists every route of the protocol's page, and names its parts", async (t) => {
  const { url } = await openGateway(t);
  const { body } = await get(`${url}/openapi.json`);
  assert.match(body.openapi, /^3\.1\./);
  assert.ok(body.info.title && body.info.version);
  const listed = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const written = [...page.matchAll(/^\| `((?:GET|POST|PUT|DELETE) \/[^`]*)` \|/gm)].map(
    (match) => match[1]!,
  );
  assert.ok(written.length > 25);
  assert.deepEqual(listed.filter((route) => !route.startsWith("HEAD")).sort(), written.sort());
  const ids = new Set<string>();
  for (const methods of Object.values(body.paths as Record<string, Record<string, Json>>)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (method === "head") continue;
      assert.ok(operation.operationId && !ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
      assert.ok(operation.summary);
      for (const answer of Object.values(operation.responses as Record<string, Json>))
        assert.ok(answer.description);
    }
  }
  const submit = body.paths["/v1/tasks"].post;
  assert.ok(submit.requestBody.content["application/json"].schema.properties.action);
  assert.ok(submit.responses["202"] && submit.responses["200"] && submit.responses["4XX"]);
});

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
