import assert from "node:assert/strict";
import { test } from "node:test";
import { openGateway, talk } from "./open-gateway.ts";
import { get, ID, post, type Json } from "./json-requests.ts";

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
