import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openGateway } from "./open-gateway.ts";
import { get, ID, post } from "./json-requests.ts";

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
