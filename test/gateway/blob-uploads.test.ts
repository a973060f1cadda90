import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { openGateway } from "./open-gateway.ts";

const ID = "a".repeat(64);

async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("links for uploads are given where the blobs have some and the gateway may give them", async (t) => {
  const plain = await openGateway(t, { blobLinkMs: 60_000 });
  const off = await openGateway(t);
  const on = await openGateway(t, { blobLinkMs: 60_000, limits: { blobBytes: 1000 } });
  const asked: unknown[] = [];
  const link = { upload: "u-1", url: "http://bucket.example/signed", headers: { a: "b" }, expiresAt: 7 };
  for (const { engine } of [off, on]) {
    Object.assign(engine.blobs, {
      uploadLink: async (...given: unknown[]) => (asked.push(given), link),
      finishUpload: async (...given: unknown[]) => (asked.push(given), { id: ID, bytes: 4 }),
    });
  }
  const told = { $blob: ID, bytes: 4 };
  for (const { url } of [plain, off]) {
    for (const path of ["uploads", "uploads/u-1"]) {
      const refused = await post(`${url}/v1/blobs/${path}`, told);
      assert.deepEqual([refused.status, refused.body["code"]], [404, "not_found"]);
      assert.match(String(refused.body["hint"]), /PUT \/v1\/blobs/);
    }
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(await post(`${on.url}/v1/blobs/uploads`, told), { status: 200, body: link });
  const done = await post(`${on.url}/v1/blobs/uploads/u-1`, { ...told, type: "text/css" });
  assert.deepEqual(done, { status: 201, body: told });
  await post(`${on.url}/v1/blobs/uploads/u-1`, { ...told, type: "no type" });
  const ref = { id: ID, bytes: 4 };
  assert.deepEqual(asked, [
    [ref, 60_000],
    ["u-1", ref, "text/css"],
    ["u-1", ref, "application/octet-stream"],
  ]);
  for (const [body, code] of [
    [undefined, "bad_request"],
    [[], "bad_request"],
    [{ ...told, $blob: ID.toUpperCase() }, "bad_request"],
    [{ ...told, bytes: -1 }, "bad_request"],
    [{ ...told, bytes: "4" }, "bad_request"],
    [{ ...told, typ: "text/css" }, "bad_request"],
    [{ ...told, bytes: 1001 }, "too_large"],
  ] as const) {
    for (const path of ["uploads", "uploads/u-1"])
      assert.equal((await post(`${on.url}/v1/blobs/${path}`, body)).body["code"], code, JSON.stringify(body));
  }
  assert.equal(asked.length, 3);
});

test("a client asks a node that gives no links once, and sends it the bytes", async (t) => {
  const { url, port } = await openGateway(t);
  const sent: string[] = [];
  const plainFetch = globalThis.fetch;
  globalThis.fetch = (to, init) => {
    sent.push(`${init?.method} ${new Request(to).url.replace(url, "")}`);
    return plainFetch(to, init);
  };
  t.after(() => (globalThis.fetch = plainFetch));
  await using client = connect(`tanda://127.0.0.1:${port}`);
  const bytes = Buffer.alloc(9_000_000, "ab");
  const $blob = createHash("sha256").update(bytes).digest("hex");
  for (const given of [bytes, String(bytes), new Blob([bytes])])
    assert.deepEqual(await client.$.blobs.put(given), { $blob, bytes: bytes.length });
  await client.$.blobs.put("small");
  const put = "PUT /v1/blobs";
  assert.deepEqual(sent, ["POST /v1/blobs/uploads", put, put, put, put]);
});
