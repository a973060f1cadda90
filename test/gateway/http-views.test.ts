import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openGateway } from "./open-gateway.ts";
import { get, post, type Json } from "./json-requests.ts";

test("views, queues, health and the page", async (t) => {
  const { url, engine } = await openGateway(t);
  for (const name of ["actions", "queues", "workers", "nodes", "stats"])
    assert.equal((await get(`${url}/v1/${name}`)).status, 200);
  const { status, body } = await get(`${url}/v1/history?window=2h`);
  assert.deepEqual([status, body.window], [200, "2h"]);
  for (const query of ["", "?window=3h", "?window=2h&more=1"])
    assert.equal((await get(`${url}/v1/history${query}`)).status, 400);
  assert.equal((await post(`${url}/v1/queues/mail/pause`, "")).body["mode"], "paused");
  assert.equal((await get(`${url}/v1/queues/mail`)).body.mode, "paused");
  assert.equal((await fetch(`${url}/v1/queues/mail/resume`, { method: "POST" })).status, 200);
  assert.equal((await post(`${url}/v1/workers/w1/drain`, "")).body["state"], "draining");
  assert.equal((await get(`${url}/v1/workers`)).body[0].state, "draining");
  assert.equal((await fetch(`${url}/v1/workers/w1/resume`, { method: "POST" })).status, 200);
  assert.equal((await post(`${url}/v1/workers/w2/drain`, "")).status, 404);
  assert.equal((await get(`${url}/readyz`)).body.state, "ready");
  engine.health = { state: "not_ready", reason: "the store does not answer" };
  const down = await get(`${url}/readyz`);
  assert.equal(down.status, 503);
  assert.equal(down.body.state, "not_ready");
  assert.equal(down.body.reason, "the store does not answer");
  assert.equal((await get(`${url}/healthz`)).status, 200);
  const page = await get(url);
  assert.match(page.body, /<title>Tanda<\/title>/);
  assert.match(page.response.headers.get("content-security-policy")!, /default-src 'none'; script-src '/);
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

test("how late the event loop is, is measured from the first scrape on", async (t) => {
  const { url } = await openGateway(t);
  const worst = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^tanda_event_loop_lag_seconds\{quantile="1"\} (.+)$/m.exec(text)![1]);
  };
  const block = async (): Promise<void> => {
    // It is measured by a timer that must have been set before, and have run after.
    await delay(50);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await delay(50);
  };
  await block();
  assert.equal(await worst(), 0);
  await block();
  assert.ok((await worst()) > 0.1);
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
