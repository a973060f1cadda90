/** Hazards 8 and 15: texts that ask a careless program to fetch an address, to think for ever, to write in its log, or to unpack. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { WebSocket } from "ws";
import { dial, talk } from "../gateway/open-gateway.ts";
import { Lines } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { memoryGrowth } from "./peak-memory.ts";

const MIB = 1024 * 1024;

describe("a node that is sent texts with a purpose", () => {
  let node: NodeProcess;
  let url: string;
  before(async () => {
    node = await startNodeProcess(["--threads", "1", "--log-level", "debug"]);
    url = `http://127.0.0.1:${node.port}`;
  });
  after(() => node?.[Symbol.asyncDispose]());
  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}/v1/tasks?wait=10`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });

  test("hazard 8: an address in a payload, a link, a name or a header is fetched by nobody", async (t) => {
    let came = 0;
    const bait = createServer((socket) => {
      came++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => bait.listen(0, "127.0.0.1", resolve));
    t.after(() => bait.close());
    const target = `127.0.0.1:${(bait.address() as AddressInfo).port}`;
    using lines = await Lines.open(node.port);
    for (const address of [`http://${target}/x`, `//${target}`, `tanda://${target}`, `file:///etc/passwd`]) {
      await lines.askAll([
        { action: "echo", payload: { url: address, $ref: address, webhook: address, callback: address } },
        { action: "echo", payload: { $blob: address } },
        { action: "upper", payload: address },
        { action: address, payload: null },
        { op: "get", task: address },
        { op: "list", prefix: address },
        { action: "echo", payload: 1, options: { key: address } },
      ]);
      const headers = {
        referer: address,
        callback: address,
        forwarded: `host=${target}`,
        "x-forwarded-host": target,
      };
      await (await post(JSON.stringify({ action: "echo", payload: address }), headers)).text();
      await (await fetch(`${url}/v1/blobs/${encodeURIComponent(address)}`)).text();
      // A proxy would fetch it.
      await talk(
        t,
        node.port,
        `GET http://${target}/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      await talk(t, node.port, `CONNECT ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    }
    await delay(200);
    assert.equal(came, 0);
  });

  test(
    "hazard 15: no text makes the node think for ever, whatever pattern it is held against",
    { timeout: 60_000 },
    async (t) => {
      const long = 200_000;
      const texts = [
        " ".repeat(long) + "x",
        "a".repeat(long) + "!",
        "1".repeat(long) + "e",
        "a.".repeat(long / 2) + "\u0000",
        "-".repeat(long),
        '"\\'.repeat(long / 2),
        `${"0".repeat(long)}ms`,
        "a=b;".repeat(long / 4),
        "(".repeat(long),
      ];
      for (const text of texts) {
        using lines = await Lines.open(node.port);
        const fields = { delay: text, timeout: text, key: text, queue: text, runAt: text, task: text };
        await lines.askAll([
          { action: "upper", payload: text },
          { action: text },
          ...Object.entries(fields).map(([name, value]) => ({ action: "echo", options: { [name]: value } })),
          { op: "list", since: text },
          { op: "list", prefix: text },
          { op: text },
        ]);
        assert.notEqual(await talk(t, node.port, `upper ${text.replaceAll("\u0000", "")}\n`), "");
        const short = encodeURIComponent(text.slice(0, 2000)).slice(0, 4000);
        const header = text.slice(0, 8000).replaceAll("\u0000", "");
        for (const name of [
          "prefer",
          "range",
          "idempotency-key",
          "if-none-match",
          "content-type",
          "accept-encoding",
          "authorization",
        ])
          await (await post('{"action":"echo"}', { [name]: header.trim() })).text();
        await (await fetch(`${url}/v1/tasks?prefix=${short}&since=${short}`)).text();
        await (await fetch(`${url}/v1/blobs/${short}`, { headers: { range: header.trim() } })).text();
      }
      assert.equal(await talk(t, node.port, "upper alive\n"), "ALIVE\n");
    },
  );

  test("hazard 15: line ends and control characters in names, keys and headers write no line in the log", async (t) => {
    const forged = '\r\n{"level":50,"msg":"forged"}\n\u2028\u001b[2J\u009b';
    using lines = await Lines.open(node.port);
    await lines.askAll([
      { action: `upper${forged}` },
      { action: "echo", options: { queue: `q${forged}`, key: forged } },
      { op: `get${forged}` },
      { op: "get", task: forged },
      { action: "upper", payload: forged },
    ]);
    await talk(t, node.port, `GET /%0d%0a{"msg":"forged"} HTTP/1.1\r\nHost: x%0d%0aforged\r\n\r\n`);
    const half = await dial(t, node.port);
    half.send(String.raw`{"id":"\u000d\u000aforged","action":"up`);
    half.socket.destroy();
    await delay(100);
    for (const event of node.log) {
      assert.notEqual(event.level, 0, `no event: ${event.msg}`);
      assert.notEqual(event.msg, "forged");
    }
  });

  test("hazard 15: what is packed is not unpacked, over HTTP or WebSocket", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, "x"));
    assert.ok(bomb.length < MIB / 4);
    const grown = await memoryGrowth(node, async () => {
      for (const encoding of ["gzip", "x-gzip", "deflate", "br"]) {
        const headers = { "content-type": "application/json", "content-encoding": encoding };
        const answer = await fetch(`${url}/v1/tasks`, { method: "POST", body: bomb, headers });
        assert.ok(answer.status >= 400 && answer.status < 500, `${encoding}: ${answer.status}`);
        const put = await fetch(`${url}/v1/blobs`, { method: "PUT", body: bomb, headers });
        assert.equal(((await put.json()) as { bytes: number }).bytes, bomb.length);
      }
    });
    assert.ok(grown < 60 * MIB, `${grown} bytes more`);
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/v1/socket`, { perMessageDeflate: true });
    await once(socket, "open");
    assert.equal(socket.extensions, "");
    socket.terminate();
  });
});
