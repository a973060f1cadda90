/** What HTTP takes is loaded when the first connection speaks it. In a file of its own: once loaded, it stays with the process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { dial, openGateway, talk } from "./open-gateway.ts";

const loaded = createRequire(import.meta.url).cache;
const isLoaded = (): boolean => Object.keys(loaded).some((path) => path.includes("/node_modules/fastify/"));

test("HTTP is loaded by who speaks it first, all that come meanwhile are answered, and who leaves is no harm", async (t) => {
  const { port, url, log } = await openGateway(t, { isHttpLater: true });
  assert.equal(await talk(t, port, "PING\n"), "PONG\n");
  assert.equal(isLoaded(), false, "a gateway that speaks lines needs no HTTP");

  const leaver = connect({ port, host: "127.0.0.1" });
  await once(leaver, "connect");
  leaver.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", () => leaver.resetAndDestroy());
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/healthz`)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
  assert.equal(isLoaded(), true);
  assert.deepEqual(log, []);
});

/** A gateway that is loading HTTP, and who waits for it. */
async function whileLoading(t: TestContext) {
  const { gateway, port } = await openGateway(t, { isHttpLater: true });
  const client = await dial(t, port);
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const lines = await dial(t, port);
  lines.send("PING\n");
  // By then the other one was read.
  await lines.until(() => lines.text === "PONG\n");
  return { gateway, client };
}

test("a request that came just before a drain is answered, and then its connection ends", async (t) => {
  const { gateway, client } = await whileLoading(t);
  await gateway.drain();
  assert.match(await client.ended(), /^HTTP\/1\.1 200 /);
});

test("a gateway closes while HTTP is still being loaded", async (t) => {
  const { gateway, client } = await whileLoading(t);
  await gateway.close();
  assert.equal(gateway.connections, 0);
  await client.until(() => client.isClosed);
});
