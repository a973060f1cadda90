/** Hazard 9: what a browser is told of every answer, so that no page of others, and no value, gets a hand on ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAIN_PAGE, PLAIN_PAGE_POLICY } from "../../src/gateway/http/plain-page.ts";
import { readPageFiles } from "../../src/gateway/http/page-files.ts";
import { openGateway, talk, type Opened } from "./open-gateway.ts";

const UUID = "01890000-0000-7000-8000-000000000000";
const EVERY_ANSWER = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

type Asked = { readonly method: string; readonly path: string; readonly answer: Response };

/** Every route with every method it has, each file of the page, and what goes wrong. */
async function askAll({ url }: Opened, headers: Record<string, string> = {}): Promise<Asked[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [
      method.toUpperCase(),
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === "task" ? UUID : "x")),
    ]),
  );
  routes.push(...[...readPageFiles().keys()].map((path): [string, string] => ["GET", path]));
  routes.push(["GET", "/nowhere"], ["DELETE", "/v1/tasks"], ["OPTIONS", "/v1/tasks"], ["POST", "/v1/tasks"]);
  const asked: Asked[] = [];
  for (const [method, path] of routes) {
    const stop = new AbortController();
    const answer = await fetch(url + path, {
      method,
      headers: { ...headers, ...(method === "POST" ? { "content-type": "application/json" } : {}) },
      ...(method === "POST" ? { body: "{}" } : method === "PUT" ? { body: "bytes" } : {}),
      signal: stop.signal,
      redirect: "manual",
    });
    asked.push({ method, path, answer });
    // Streams go on.
    stop.abort();
  }
  return asked;
}

test("hazard 9: every answer forbids guessing its type, taking it into another page, and telling where one came from; none sets a cookie", async (t) => {
  const opened = await openGateway(t);
  const asked = await askAll(opened);
  assert.ok(asked.length > 35, `only ${asked.length}`);
  for (const { method, path, answer } of asked) {
    for (const [name, value] of Object.entries(EVERY_ANSWER))
      assert.equal(answer.headers.get(name), value, `${name} of ${method} ${path}`);
    assert.deepEqual(answer.headers.getSetCookie(), [], path);
    assert.equal(answer.headers.get("access-control-allow-credentials"), null, path);
    assert.equal(answer.headers.get("access-control-allow-origin"), null, path);
    const isHtml = /html/.test(answer.headers.get("content-type") ?? "");
    assert.equal(isHtml, path === "/", `${method} ${path} is ${answer.headers.get("content-type")}`);
  }
  // These never come as far as Fastify.
  const task = '{"action":"upper","payload":"x"}';
  const submit = `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${task.length}\r\nConnection: close\r\n\r\n${task}`;
  for (const bytes of [
    submit,
    "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  ]) {
    const text = (await talk(t, opened.port, bytes)).toLowerCase();
    for (const [name, value] of Object.entries(EVERY_ANSWER))
      assert.ok(text.includes(`${name}: ${value}\r\n`), text);
    assert.doesNotMatch(text, /set-cookie/);
  }
});

test("every HTML has a policy that runs no script but ours, sends nothing elsewhere and is framed by nobody", async (t) => {
  const { url } = await openGateway(t);
  const { headers } = await fetch(`${url}/`);
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(headers.get("x-frame-options"), "DENY");
  for (const policy of [headers.get("content-security-policy")!, PLAIN_PAGE_POLICY]) {
    const rules = new Map(policy.split("; ").map((rule) => [rule.split(" ")[0]!, rule.split(" ").slice(1)]));
    for (const name of ["default-src", "form-action", "base-uri", "frame-ancestors"])
      assert.deepEqual(rules.get(name), ["'none'"], name);
    assert.deepEqual(rules.get("connect-src"), ["'self'"]);
    for (const source of rules.get("script-src")!) assert.match(source, /^'(self|sha256-[\w+/=]+)'$/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
  }
  assert.match(PLAIN_PAGE, /textContent/);
  assert.doesNotMatch(PLAIN_PAGE, /innerHTML|<script src|<[^>]* on\w+=/);
});

test("a blob of any type is a download without rights, never a page of this origin", async (t) => {
  const { url } = await openGateway(t);
  const evil = "<script>fetch('/v1/tasks')</script>";
  for (const type of [
    "text/html",
    "image/svg+xml",
    "application/xhtml+xml",
    "text/javascript",
    "application/pdf",
    "text/html;a",
  ]) {
    const put = await fetch(`${url}/v1/blobs`, {
      method: "PUT",
      body: `${evil}${type}`,
      headers: { "content-type": type },
    });
    const { $blob } = (await put.json()) as { $blob: string };
    for (const method of ["GET", "HEAD"]) {
      const { headers } = await fetch(`${url}/v1/blobs/${$blob}`, { method });
      assert.match(headers.get("content-disposition")!, /^attachment; filename="[0-9a-f]{16}"$/, type);
      assert.equal(headers.get("content-security-policy"), "default-src 'none'; sandbox");
      assert.equal(headers.get("x-content-type-options"), "nosniff");
    }
  }
  const json = await fetch(`${url}/v1/blobs`, {
    method: "PUT",
    body: JSON.stringify(evil),
    headers: { "content-type": "application/json" },
  });
  const { $blob } = (await json.json()) as { $blob: string };
  const { headers } = await fetch(`${url}/v1/blobs/${$blob}`);
  assert.match(headers.get("content-type")!, /^application\/json/);
  assert.match(headers.get("content-security-policy")!, /sandbox/);
});

test("CORS is for configured origins alone, by name, without credentials; a preflight is kept for a while", async (t) => {
  const origin = "https://board.example";
  const opened = await openGateway(t, { origins: [origin] });
  for (const { path, answer } of await askAll(opened, { origin })) {
    assert.equal(answer.headers.get("access-control-allow-origin"), origin, path);
    assert.match(answer.headers.get("vary") ?? "", /Origin/i, path);
    assert.equal(answer.headers.get("access-control-allow-credentials"), null, path);
  }
  const preflight = (from: string): Promise<Response> =>
    fetch(`${opened.url}/v1/tasks`, {
      method: "OPTIONS",
      headers: {
        origin: from,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
  const { status, headers } = await preflight(origin);
  assert.deepEqual([status, headers.get("access-control-max-age")], [204, "600"]);
  assert.doesNotMatch(JSON.stringify([...headers]), /"\*"/);
  for (const from of [
    "https://board.example.evil.example",
    "https://evilboard.example",
    "http://board.example",
    "null",
    "https://board.example:8443",
  ]) {
    const refused = await preflight(from);
    assert.equal(refused.status, 403, from);
    assert.equal(refused.headers.get("access-control-allow-origin"), null, from);
  }
});
