import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { openS3Blobs } from "../../src/blobs/s3.ts";

const UNKNOWN = "0".repeat(64);

test("a server that asks for fewer requests is busy; one that does not answer is not waited for", async (t) => {
  let answers = 0;
  const server = createServer((_request, response) => {
    if (answers++ < 3) {
      response.writeHead(503, { "content-type": "application/xml" });
      response.end("<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>");
    }
  }).listen(0, "127.0.0.1");
  t.after(() => (server.closeAllConnections(), server.close()));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", ...process.env };
  Object.assign(process.env, env);
  const url = `s3://bucket?endpoint=http://127.0.0.1:${port}`;
  await using blobs = await openS3Blobs({ url, isChecked: false, answerMs: 200 });
  await assert.rejects(blobs.open(UNKNOWN), { code: "busy", message: /fewer requests/ });
  await assert.rejects(blobs.open(UNKNOWN), { code: "unavailable" });
  await assert.rejects(blobs.put("hola"), { code: "unavailable" });
  assert.ok(answers >= 9, `${answers}: it tries again by itself`);
});
