/** Hazards 5 and 7: clients that take no answers and clients that send without end. Both meet a bound, and only they feel it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { QueueView } from "../../src/protocol/messages.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { dial } from "../gateway/open-gateway.ts";
import { Lines, type LineReply } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { memoryGrowth } from "./peak-memory.ts";

const MIB = 1024 * 1024;
const makeId = createIdMaker(3, Date.now, Math.random);

/** A socket that takes nothing of what is sent to it. */
async function deafSocket(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket.pause();
}

/** A closed connection is seen by who writes. */
async function closedWithin(socket: Socket, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (!socket.destroyed && Date.now() < until) {
    socket.write("\n");
    await delay(50);
  }
  return socket.destroyed;
}

async function assertServes(node: NodeProcess): Promise<void> {
  using lines = await Lines.open(node.port);
  const replies = await lines.askAll(
    Array.from({ length: 20 }, (_, n) => ({ action: "upper", payload: `n${n}` })),
  );
  for (const [n, reply] of replies.entries()) assert.equal(reply.result?.data, `N${n}`);
}

describe("hazard 5: a node whose clients do not read", () => {
  const flags = ["--threads", "1", "--max-unread", "1MiB", "--max-unread-time", "1s"];

  test("five that ask for 300 MB and read nothing are closed in time; memory stays small and the results are kept", async (t) => {
    await using node = await startNodeProcess([...flags, "--max-unread-time", "5s"]);
    const payload = "p".repeat(100_000);
    const kept = makeId();
    const grown = await memoryGrowth(node, async () => {
      const sockets = await Promise.all(Array.from({ length: 5 }, () => deafSocket(t, node.port)));
      sockets[0]!.write(
        `${JSON.stringify({ id: 0, action: "echo", payload: "kept", options: { task: kept } })}\n`,
      );
      for (const socket of sockets) {
        for (let n = 1; n <= 600; n++)
          socket.write(`${JSON.stringify({ id: n, action: "echo", payload })}\n`);
      }
      await assertServes(node);
      for (const socket of sockets) assert.ok(await closedWithin(socket, 15_000), "it was never closed");
    });
    t.diagnostic(`${(grown / MIB).toFixed(1)} MiB more memory at most`);
    assert.ok(grown < 200 * MIB, `${grown} bytes more`);
    const why = node.log.filter(
      ({ msg, why: reason }) => msg === "closed a connection" && reason === "answers were not read",
    );
    assert.equal(why.length, 5);
    using lines = await Lines.open(node.port);
    assert.equal((await lines.ask({ op: "wait", task: kept })).result?.data, "kept");
  });

  test("a watcher of everything that reads nothing costs no memory and slows nobody", async (t) => {
    await using node = await startNodeProcess(flags);
    const deaf = await deafSocket(t, node.port);
    deaf.write('{"id":1,"op":"watch"}\n');
    const streams = await Promise.all(Array.from({ length: 3 }, () => deafSocket(t, node.port)));
    for (const stream of streams) stream.write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await delay(100);
    using lines = await Lines.open(node.port);
    const text = "w".repeat(2000);
    const grown = await memoryGrowth(node, async () => {
      for (let round = 0; round < 40; round++) {
        const replies = await lines.askAll(
          Array.from({ length: 500 }, () => ({ action: "echo", payload: text, options: {} })),
        );
        for (const reply of replies) assert.equal(reply.status, "done");
      }
    });
    t.diagnostic(
      `20,000 tasks watched by four who do not read: ${(grown / MIB).toFixed(1)} MiB more at most`,
    );
    assert.ok(grown < 250 * MIB, `${grown} bytes more`);
    await assertServes(node);
  });

  test("a browser that sends over a WebSocket and reads nothing is closed in time", async (t) => {
    await using node = await startNodeProcess(flags);
    const socket = await deafSocket(t, node.port);
    socket.write(
      "GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const message = Buffer.from(JSON.stringify({ id: 1, action: "echo", payload: "s".repeat(60_000) }));
    const head = Buffer.of(0x81, 0xfe, message.length >> 8, message.length & 255, 0, 0, 0, 0);
    for (let n = 0; n < 500; n++) socket.write(Buffer.concat([head, message]));
    const until = Date.now() + 15_000;
    while (!socket.destroyed && Date.now() < until) {
      socket.write(Buffer.of(0x8a, 0x80, 0, 0, 0, 0));
      await delay(50);
    }
    assert.ok(socket.destroyed, "it was never closed");
    await assertServes(node);
  });

  test("requests pipelined over HTTP by a client that does not read do not pile up", async (t) => {
    await using node = await startNodeProcess(flags);
    await (await fetch(`http://127.0.0.1:${node.port}/openapi.json`)).text();
    const socket = await deafSocket(t, node.port);
    const grown = await memoryGrowth(node, async () => {
      const requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
      for (let n = 0; n < 20; n++) socket.write(requests);
      await delay(3000);
      await assertServes(node);
    });
    t.diagnostic(`${(grown / MIB).toFixed(1)} MiB more memory at most`);
    assert.ok(grown < 150 * MIB, `${grown} bytes more`);
  });
});

describe("hazard 7: a node that is sent more than it may keep", () => {
  const MAX_QUEUED = 1000;
  const CLIENTS = 4;
  const EACH = 5000;
  const flood = async (node: NodeProcess, options: object): Promise<LineReply[]> => {
    const replies = await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        using lines = await Lines.open(node.port);
        // Awaited here, or the connection would be gone before its answers.
        return await lines.askAll(
          Array.from({ length: EACH }, () => ({ action: "upper", payload: "flood", options })),
        );
      }),
    );
    return replies.flat();
  };
  const check = (replies: readonly LineReply[], status: string): string[] => {
    const accepted = replies.filter((reply) => reply.status === status);
    for (const reply of replies) {
      if (reply.status === status) continue;
      assert.equal(reply.result?.error?.code, "busy", JSON.stringify(reply));
      assert.ok((reply.result?.error?.retryAfterMs ?? 0) > 0);
    }
    return accepted.map((reply) => reply.task!);
  };
  /** What is let in before it is counted: at most what the connections may have in flight. */
  const most = MAX_QUEUED + CLIENTS * 1000;

  for (const [what, options, status] of [
    ["that wait", { wait: false, queue: "held" }, "queued"],
    ["that are due later", { wait: false, delay: "1h" }, "scheduled"],
  ] as const) {
    test(`a flood of tasks ${what} is answered busy past the limit; what was accepted is there, and ops pass`, async (t) => {
      await using node = await startNodeProcess(["--threads", "1", "--max-queued", String(MAX_QUEUED)]);
      using lines = await Lines.open(node.port);
      await lines.ask({ op: "pause", queue: "held" });
      const flooding = flood(node, options);
      const ping = await lines.ask({ op: "ping" });
      assert.equal((ping.data as { state: string }).state, "ready");
      const accepted = check(await flooding, status);
      t.diagnostic(`${accepted.length} of ${CLIENTS * EACH} accepted, the limit is ${MAX_QUEUED}`);
      assert.ok(accepted.length >= MAX_QUEUED && accepted.length <= most, `${accepted.length} accepted`);
      const queues = (await lines.ask({ op: "queues" })).data as QueueView[];
      const queue = queues.find((view) => view.counts[status] !== undefined)!;
      assert.equal(queue.counts[status], accepted.length, "what was promised is not what is there");
      const http = await fetch(`http://127.0.0.1:${node.port}/v1/tasks`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"action":"upper","payload":"x"}',
      });
      assert.equal(http.status, 429);
      assert.ok(Number(http.headers.get("retry-after")) > 0);
      await lines.ask({ op: "purge", queue: queue.queue });
      await delay(3000);
      assert.equal((await lines.ask({ action: "upper", payload: "again" })).result?.data, "AGAIN");
    });
  }

  test("a flood of tasks that are waited for is bounded too, and its memory", async (t) => {
    await using node = await startNodeProcess(["--threads", "1", "--max-queued", String(MAX_QUEUED)]);
    using lines = await Lines.open(node.port);
    await lines.ask({ op: "pause", queue: "held" });
    const told = { busy: 0, other: 0 };
    const grown = await memoryGrowth(node, async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => dial(t, node.port)));
      const payload = "h".repeat(10_000);
      const line = `${JSON.stringify({ id: 1, action: "upper", payload, options: { queue: "held" } })}\n`;
      for (const client of clients) for (let n = 0; n < 800; n++) client.send(line);
      await delay(3000);
      for (const client of clients) {
        for (const reply of client.text.split("\n").slice(0, -1)) {
          if (reply.includes('"code":"busy"') && reply.includes("retryAfterMs")) told.busy++;
          else told.other++;
        }
      }
    });
    t.diagnostic(`${told.busy} told busy, ${(grown / MIB).toFixed(1)} MiB more memory at most`);
    assert.ok(told.busy > 0, "nobody was told busy");
    assert.equal(told.other, 0);
    assert.ok(grown < 500 * MIB, `${grown} bytes more`);
    assert.equal(((await lines.ask({ op: "ping" })).data as { state: string }).state, "ready");
  });

  test("bytes in flight of the whole node are bounded: lines are held back, HTTP is told busy, and all goes on after", async (t) => {
    await using node = await startNodeProcess(["--threads", "1", "--max-node-bytes", "2MiB"]);
    // HTTP is loaded behind the start; here it is to be there in time.
    await fetch(`http://127.0.0.1:${node.port}/healthz`);
    const filler = await dial(t, node.port);
    // Blanks are bytes of the request, too.
    for (let n = 0; n < 20; n++)
      filler.send(`{"id":${n},"action":"sleep",${" ".repeat(200_000)}"payload":1500}\n`);
    await delay(500);
    const busy = await fetch(`http://127.0.0.1:${node.port}/v1/tasks?wait`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"action":"upper","payload":"x"}',
    });
    assert.equal(busy.status, 429);
    assert.match(await busy.text(), /"code":"busy"/);
    using lines = await Lines.open(node.port);
    const waiting = lines.ask({ action: "upper", payload: "held back" });
    assert.equal((await lines.ask({ op: "ping" })).status, "ok");
    assert.equal((await waiting).result?.data, "HELD BACK");
    assert.equal((await filler.lines(20)).filter((line) => line.includes('"data":1500')).length, 20);
  });
});
