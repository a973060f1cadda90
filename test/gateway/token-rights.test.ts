/** Every op at every door, with a token that lacks it and with one that has nothing else. A new op fails here until it is decided. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { OPS, type Op } from "../../src/protocol/messages.ts";
import { OP_RIGHTS, SCOPE_WORDS, type ScopeWord } from "../../src/protocol/scopes.ts";
import { ERROR_CODES } from "../../src/task/errors.ts";
import type { LineReply } from "../e2e/lines.ts";
import { dial, openGateway, type Opened } from "./open-gateway.ts";

const TASK = "01890a5d-ac96-774b-bcce-b302099a8057";

/** What each op needs besides its name; null: another test has it. */
const FIELDS: Readonly<Record<Op, object | null>> = {
  get: { task: TASK },
  wait: { task: TASK },
  cancel: { task: TASK },
  retry: { task: TASK },
  delete: { task: TASK },
  explain: { task: TASK },
  list: {},
  watch: {},
  unwatch: { watch: 9 },
  pause: { queue: "math" },
  resume: { queue: "math" },
  drain: { queue: "math" },
  purge: { queue: "math" },
  drain_worker: { worker: "0" },
  resume_worker: { worker: "0" },
  actions: {},
  queues: {},
  workers: {},
  nodes: {},
  stats: {},
  ping: {},
  history: { window: "10m" },
  create_token: { actions: ["upper"] },
  revoke_token: { token: "0".repeat(12) },
  tokens: {},
  keep_tokens: { tokens: [] },
  audit: {},
  auth: null,
  node: null,
};

type Call = { word: ScopeWord | "open"; method: string; path: string; body?: unknown };
const call = (word: Call["word"], method: string, path: string, body?: unknown): Call => ({
  word,
  method,
  path,
  body,
});
const SUBMIT = { action: "upper", payload: "hola" };
const UPLOAD = { $blob: "0".repeat(64), bytes: 3 };

/** By operationId of the OpenAPI document. */
const CALLS: Readonly<Record<string, Call>> = {
  submit: call("submit", "POST", "/v1/tasks", SUBMIT),
  submitBulk: call("submit", "POST", "/v1/tasks/bulk", { tasks: [SUBMIT] }),
  get: call("get", "GET", `/v1/tasks/${TASK}`),
  result: call("get", "GET", `/v1/tasks/${TASK}/result`),
  list: call("list", "GET", "/v1/tasks"),
  watch: call("watch", "GET", "/v1/events"),
  watchTask: call("watch", "GET", `/v1/tasks/${TASK}/events`),
  explain: call("explain", "GET", `/v1/tasks/${TASK}/explain`),
  cancel: call("cancel", "POST", `/v1/tasks/${TASK}/cancel`),
  retry: call("retry", "POST", `/v1/tasks/${TASK}/retry`),
  delete: call("delete", "DELETE", `/v1/tasks/${TASK}`),
  queue: call("queues", "GET", "/v1/queues/default"),
  queues: call("queues", "GET", "/v1/queues"),
  pause: call("pause", "POST", "/v1/queues/math/pause"),
  resume: call("resume", "POST", "/v1/queues/math/resume"),
  drain: call("drain", "POST", "/v1/queues/math/drain"),
  purge: call("purge", "POST", "/v1/queues/math/purge"),
  drain_worker: call("drain_worker", "POST", "/v1/workers/0/drain"),
  resume_worker: call("resume_worker", "POST", "/v1/workers/0/resume"),
  actions: call("actions", "GET", "/v1/actions"),
  workers: call("workers", "GET", "/v1/workers"),
  nodes: call("nodes", "GET", "/v1/nodes"),
  stats: call("stats", "GET", "/v1/stats"),
  history: call("history", "GET", "/v1/history?window=10m"),
  metrics: call("metrics", "GET", "/metrics"),
  putBlob: call("put_blob", "PUT", "/v1/blobs", "bytes"),
  getBlob: call("get_blob", "GET", `/v1/blobs/${"0".repeat(64)}`),
  linkUpload: call("put_blob", "POST", "/v1/blobs/uploads", UPLOAD),
  finishUpload: call("put_blob", "POST", "/v1/blobs/uploads/some", UPLOAD),
  create_token: call("create_token", "POST", "/v1/tokens", { name: "one" }),
  tokens: call("tokens", "GET", "/v1/tokens"),
  revoke_token: call("revoke_token", "DELETE", `/v1/tokens/${"0".repeat(12)}`),
  audit: call("audit", "GET", "/v1/audit"),
  healthz: call("open", "GET", "/healthz"),
  readyz: call("open", "GET", "/readyz"),
  openapi: call("open", "GET", "/openapi.json"),
  page: call("open", "GET", "/"),
  // Whoever may come in may open one; what is said on it is judged then.
  socket: call("open", "GET", "/v1/socket"),
};

/** A token with all but this word, and one with nothing but it. */
async function tokensFor({ engine }: Opened, word: ScopeWord): Promise<{ without: string; alone: string }> {
  const isFull = OP_RIGHTS[word as Op] === "full";
  const others = SCOPE_WORDS.filter((one) => one !== word);
  const without = await engine.createToken({ ops: others, own: false });
  const alone = await engine.createToken(isFull ? { all: true } : { ops: [word], own: false });
  return { without: without.secret, alone: alone.secret };
}

const codeOf = (reply: LineReply): string => reply.result?.error?.code ?? "";

async function overLines(t: TestContext, opened: Opened, token: string, request: object): Promise<string> {
  const client = await dial(t, opened.port);
  client.send(`${JSON.stringify({ op: "auth", token })}\n${JSON.stringify({ id: 1, ...request })}\n`);
  const told = (await client.lines(2)).map((line) => JSON.parse(line) as LineReply);
  client.socket.destroy();
  return codeOf(told.find(({ id }) => id === 1)!);
}

function overSocket(opened: Opened, token: string, request: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const protocol = `tanda.token.${Buffer.from(token).toString("base64url")}`;
    const socket = new WebSocket(`${opened.url.replace("http", "ws")}/v1/socket`, ["tanda", protocol]);
    socket.on("open", () => socket.send(JSON.stringify({ id: 1, ...request })));
    socket.on("message", (data: Buffer) => {
      resolve(codeOf(JSON.parse(data.toString()) as LineReply));
      socket.terminate();
    });
    socket.on("error", reject);
  });
}

async function overHttp(opened: Opened, token: string, { method, path, body }: Call): Promise<string> {
  const stop = new AbortController();
  const isBytes = typeof body === "string";
  const type = isBytes ? "application/octet-stream" : "application/json";
  const response = await fetch(opened.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": type }),
    },
    ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    signal: stop.signal,
  });
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem") === true;
  // A list of answers has its refusals inside; a stream has no end.
  const text = response.headers.get("content-type")?.startsWith("text/event-stream")
    ? ""
    : await response.text();
  stop.abort();
  const code = /"code":"([a-z_]+)"/.exec(text)?.[1] ?? "";
  return isProblem || Object.hasOwn(ERROR_CODES, code) ? code : "";
}

const isRefused = (code: string): boolean => code === "forbidden" || code === "unauthorized";

test("each op is refused to a token that lacks it, and not to one that has it alone: lines, WebSocket", async (t) => {
  const opened = await openGateway(t, { token: "0123456789abcdef" });
  assert.deepEqual(Object.keys(FIELDS).toSorted(), OPS.toSorted());
  for (const [name, fields] of Object.entries(FIELDS)) {
    if (fields === null) continue;
    const op = name as Op;
    const { without, alone } = await tokensFor(opened, op);
    for (const ask of [overLines.bind(null, t, opened), overSocket.bind(null, opened)]) {
      const expected = OP_RIGHTS[op] !== "open";
      assert.equal(isRefused(await ask(without, { op, ...fields })), expected, `${op} without`);
      assert.equal(isRefused(await ask(alone, { op, ...fields })), false, `${op} alone`);
    }
  }
});

test("each route of the OpenAPI document asks for its word, and for no other", async (t) => {
  const opened = await openGateway(t, { token: "0123456789abcdef" });
  const document = (await (await fetch(`${opened.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const ids = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map((one) => one.operationId),
  );
  assert.deepEqual(Object.keys(CALLS).toSorted(), ids.toSorted());
  for (const [id, one] of Object.entries(CALLS)) {
    const { word } = one;
    const { without, alone } = await tokensFor(opened, word === "open" ? "stats" : word);
    assert.equal(isRefused(await overHttp(opened, without, one)), word !== "open", `${id} without`);
    assert.equal(isRefused(await overHttp(opened, alone, one)), false, `${id} alone`);
    if (word !== "open") assert.equal(await overHttp(opened, "tnd_wrong", one), "unauthorized", id);
  }
});

test("a task is refused to a token without submit: line, inline, WebSocket, HTTP in both of its ways", async (t) => {
  const opened = await openGateway(t, { token: "0123456789abcdef" });
  const { without, alone } = await tokensFor(opened, "submit");
  assert.equal(await overLines(t, opened, without, SUBMIT), "forbidden");
  assert.equal(await overSocket(opened, without, SUBMIT), "forbidden");
  const wait = { ...CALLS["submit"]!, path: "/v1/tasks?wait=1" };
  assert.equal(await overHttp(opened, without, wait), "forbidden");
  assert.equal(opened.engine.submitted, 0);
  for (const [token, answer] of [
    [without, /^ok\nerror: forbidden: .*submit/],
    [alone, /^ok\nHOLA/],
  ] as const) {
    const client = await dial(t, opened.port);
    client.send(`auth ${token}\nupper hola\n`);
    await client.lines(2);
    assert.match(client.text, answer);
    const body = JSON.stringify(SUBMIT);
    const plain = await dial(t, opened.port);
    plain.send(
      `POST /v1/tasks?wait=1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await plain.until(() => plain.text.includes("}"));
    assert.match(plain.text, token === alone ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 403 /);
  }
});

test("what a token may not do is told to the audit log, and its secret is not", async (t) => {
  const opened = await openGateway(t, { token: "0123456789abcdef" });
  const made = await opened.engine.createToken({ name: "phone" });
  for (const request of [{ op: "pause", queue: "math" }, { op: "create_token", all: true }, { op: "stats" }])
    assert.equal(await overLines(t, opened, made.secret, request), "forbidden");
  const boss = "0123456789abcdef";
  assert.equal(await overLines(t, opened, boss, { op: "pause", queue: "math" }), "");
  assert.equal(await overLines(t, opened, boss, { op: "revoke_token", token: made.secret }), "");
  assert.deepEqual(
    opened.engine.acts.map(({ who, name, act, target, outcome, from }) => [
      who,
      name,
      act,
      target,
      outcome,
      from,
    ]),
    [
      [made.token, "phone", "pause", "math", "forbidden", "127.0.0.1"],
      [made.token, "phone", "create_token", null, "forbidden", "127.0.0.1"],
      ["token", null, "pause", "math", "ok", "127.0.0.1"],
      ["token", null, "revoke_token", made.token, "ok", "127.0.0.1"],
    ],
  );
});
