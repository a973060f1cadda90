import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, openGateway } from "./open-gateway.ts";
import { get, type Json } from "./json-requests.ts";

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
