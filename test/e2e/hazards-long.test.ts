/** Hazard 2: lines, bodies and messages without an end. They are refused at the cap, and never lie in memory. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, talk, type Client } from "../gateway/open-gateway.ts";
import { memoryGrowth } from "./peak-memory.ts";
import { startNodeProcess } from "./node-process.ts";

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(MIB, "x");

async function pour(client: Client, mebibytes: number): Promise<void> {
  for (let n = 0; n < mebibytes && !client.isClosed; n++) {
    client.socket.write(CHUNK);
    while (client.socket.writableNeedDrain && !client.isClosed) await delay(1);
  }
}

describe("hazard 2: a node that gets more than it can take", () => {
  test("ten clients that pour 60 MiB without a newline cost no memory, are answered once, and their next line is read", async (t) => {
    await using node = await startNodeProcess(["--threads", "1"]);
    const clients = await Promise.all(Array.from({ length: 10 }, () => dial(t, node.port)));
    const grown = await memoryGrowth(node, async () => {
      await Promise.all(
        clients.map(async (client, n) => {
          client.send(`{"id":${n},"action":"upper","payload":"`);
          await pour(client, 60);
          client.send('"}\n{"id":"next","action":"upper","payload":"x"}\n');
        }),
      );
      for (const [n, client] of clients.entries()) {
        const [refusal, next, ...more] = await client.lines(2);
        assert.match(refusal!, new RegExp(`^{"id":${n},"status":"failed".*"code":"too_large"`));
        assert.equal(next, '{"id":"next","status":"done","result":{"ok":true,"data":"X"}}');
        assert.deepEqual(more, []);
      }
    });
    t.diagnostic(`600 MiB sent, ${(grown / MIB).toFixed(1)} MiB more memory at most`);
    assert.ok(grown < 200 * MIB, `${grown} bytes more`);
  });

  test("the refusal comes at the cap, before the end of the line", async (t) => {
    await using node = await startNodeProcess(["--threads", "1"]);
    const client = await dial(t, node.port);
    client.send('{"id":1,"action":"upper","payload":"');
    await pour(client, 2);
    const [refusal] = await client.lines(1);
    assert.match(refusal!, /"id":1,.*"code":"too_large"/);
    await pour(client, 80);
    await client.ended();
    assert.equal(
      client.text.split("\n").length,
      2,
      "something was said after the cap of what is thrown away",
    );
    assert.ok(node.log.some(({ msg }) => msg.includes("without an end")));
    assert.equal(await talk(t, node.port, "upper alive\n"), "ALIVE\n");
  });

  test("a line of a megabyte that drips in small pieces is read in time that grows with it, not with its square", async (t) => {
    await using node = await startNodeProcess(["--threads", "1"]);
    const cpu = async (bytes: number): Promise<number> => {
      const client = await dial(t, node.port);
      const began = performance.now();
      client.send('{"id":1,"action":"count","payload":"');
      for (let sent = 0; sent < bytes; sent += 64) client.send(CHUNK.subarray(0, 64));
      client.send('"}\n');
      assert.match((await client.lines(1))[0]!, new RegExp(`"data":${bytes}}`));
      return performance.now() - began;
    };
    await cpu(64 * 100);
    const small = await cpu(64 * 1600);
    const large = await cpu(64 * 16_000);
    t.diagnostic(`${small.toFixed(0)} ms for 100 kB in pieces of 64 B, ${large.toFixed(0)} ms for 1 MB`);
    assert.ok(large < 60 * Math.max(small, 10), `${small} ms, then ${large} ms`);
  });

  test("HTTP bodies are refused at the cap, told or chunked, bulk or blob, and never gathered", async (t) => {
    await using node = await startNodeProcess(["--threads", "1", "--max-blob", "4MiB", "--max-bulk", "2MiB"]);
    const head = (path: string, more: string, type = "application/json"): string =>
      `${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;
    const chunked = "Transfer-Encoding: chunked";
    const cases: [string, boolean][] = [
      [head("POST /v1/tasks", `Content-Length: ${400 * MIB}`), false],
      [head("POST /v1/tasks", chunked), true],
      [head("POST /v1/tasks/bulk", chunked), true],
      [head("PUT /v1/blobs", `Content-Length: ${400 * MIB}`, "text/plain"), false],
      [head("PUT /v1/blobs", chunked, "text/plain"), true],
    ];
    const grown = await memoryGrowth(node, async () => {
      for (const [request, isChunked] of cases) {
        const client = await dial(t, node.port);
        client.send(request);
        if (isChunked) client.send(`${(400 * MIB).toString(16)}\r\n`);
        await pour(client, 400);
        await client.until(() => client.text.includes("\r\n\r\n") || client.isEnded);
        assert.match(client.text, /^HTTP\/1\.1 413 /, JSON.stringify(request));
        client.socket.destroy();
      }
    });
    t.diagnostic(`${(grown / MIB).toFixed(1)} MiB more memory at most`);
    assert.ok(grown < 200 * MIB, `${grown} bytes more`);
    const long = await talk(t, node.port, `GET /${"p".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.match(long, /^HTTP\/1\.1 (431|414) /);
    const page = await fetch(`http://127.0.0.1:${node.port}/v1/tasks`);
    assert.equal(
      ((await page.json()) as { tasks: unknown[] }).tasks.length,
      0,
      "a part of one became a task",
    );
  });

  test("a WebSocket message that says it is too long is refused by its head alone", async (t) => {
    await using node = await startNodeProcess(["--threads", "1"]);
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/v1/socket`);
    await once(socket, "open");
    const closed = once(socket, "close") as Promise<[CloseEvent]>;
    socket.send("x".repeat(MIB + 1));
    assert.equal((await closed)[0].code, 1009);
    assert.equal(await talk(t, node.port, "upper alive\n"), "ALIVE\n");
  });
});
