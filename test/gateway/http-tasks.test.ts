import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ERROR_CODES } from "../../src/task/errors.ts";
import { openGateway, talk } from "./open-gateway.ts";
import { get, ID, post, type Json } from "./json-requests.ts";

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

test("who waits is promised nothing before the end, and at the end of the wait the task is", async (t) => {
  const { url, engine } = await openGateway(t);
  const seen: unknown[] = [];
  const submit = engine.submit.bind(engine);
  engine.submit = (submissions, waiter) => {
    for (const { options } of submissions) seen.push([options?.wait, options?.task]);
    submit(submissions, waiter);
  };
  const short = await post(`${url}/v1/tasks?wait=10`, { action: "upper", payload: "hola" });
  assert.deepEqual(seen.splice(0), [[true, short.body["task"]]]);

  const late = await post(`${url}/v1/tasks?wait=0.05`, { action: "hold" });
  assert.equal(late.status, 202);
  assert.equal(late.response.headers.get("location"), `/v1/tasks/${late.body["task"]}`);
  assert.deepEqual(seen.splice(0), [[true, late.body["task"]]]);
  assert.deepEqual(engine.promised, [late.body["task"]]);
  assert.equal(engine.waiting, 0);

  const refused = await post(`${url}/v1/tasks?wait=10`, { action: "nope" });
  assert.equal(refused.body["code"], "unknown_action");
  assert.equal(refused.response.headers.get("location"), null);
  seen.length = 0;

  // No wait at all, and what is kept under a name of the client's own.
  for (const [status, request] of [
    [202, post(`${url}/v1/tasks?wait=0`, { action: "hold" })],
    [200, post(`${url}/v1/tasks?wait=10`, { action: "upper", payload: "a", options: { task: ID } })],
    [200, post(`${url}/v1/tasks?wait=10`, { action: "upper", payload: "a" }, { "idempotency-key": "k" })],
  ] as const) {
    assert.equal((await request).status, status);
  }
  assert.deepEqual(
    seen.map((one) => (one as unknown[])[0]),
    [false, false, false],
  );
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
