import assert from "node:assert/strict";
import { test } from "node:test";
import { openGateway } from "./open-gateway.ts";

test("who asks for a blob gets it from here, unless the blobs have links and the gateway may give them", async (t) => {
  const without = await openGateway(t, { blobLinkMs: 60_000 });
  const { id } = await without.engine.blobs.put("hola");
  assert.equal((await fetch(`${without.url}/v1/blobs/${id}`, { redirect: "manual" })).status, 200);

  const asked: unknown[] = [];
  const openWithLinks = async (blobLinkMs: number | null): Promise<string> => {
    const { engine, url } = await openGateway(t, { blobLinkMs });
    await engine.blobs.put("hola", { type: "text/html" });
    Object.assign(engine.blobs, {
      downloadUrl: async (...given: unknown[]) => (asked.push(given), "http://bucket.example/signed?a=b"),
    });
    return `${url}/v1/blobs/${id}`;
  };
  const off = await openWithLinks(null);
  assert.equal((await fetch(off, { redirect: "manual" })).status, 200);
  assert.deepEqual(asked, []);

  const on = await openWithLinks(60_000);
  const sent = await fetch(on, { redirect: "manual" });
  assert.deepEqual(
    [sent.status, sent.headers.get("location"), sent.headers.get("cache-control"), await sent.text()],
    [307, "http://bucket.example/signed?a=b", "private, no-store", ""],
  );
  assert.equal(sent.headers.get("etag"), null);
  const disposition = `attachment; filename="${id.slice(0, 16)}"`;
  assert.deepEqual(asked, [[id, { lifeMs: 60_000, disposition }]]);
  assert.equal((await fetch(on, { method: "HEAD", redirect: "manual" })).status, 200);
  assert.equal((await fetch(on.replace(id, "0".repeat(64)), { redirect: "manual" })).status, 404);
  assert.equal(asked.length, 1);
});
