/** Hazard 1: clients that begin and do not end. Only they are closed, and nobody beside them notices. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, type Client } from "../gateway/open-gateway.ts";
import { Lines } from "./lines.ts";
import { freePort, startNodeProcess, type NodeProcess } from "./node-process.ts";

const LINE_MS = 1000;
/** Late is told within a quarter of the limit; the rest is for a machine that is busy. */
const CLOSED_WITHIN_MS = 4000;
const HOST = "Host: localhost\r\n";
const UPGRADE =
  "GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const JSON_POST = `POST /v1/tasks HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
/** Head of a client's frame with `length` bytes (126 … 65,535), masked with nothing. */
const frameHead = (first: number, length: number): Buffer =>
  Buffer.of(first, 0xfe, length >> 8, length & 255, 0, 0, 0, 0);
const WHOLE_TEXT = 0x81;
const BEGUN_TEXT = 0x01;
const CONTINUED = 0x00;
const PING = Buffer.of(0x89, 0x80, 0, 0, 0, 0);

describe("hazard 1: a node whose clients begin and do not end", () => {
  let node: NodeProcess;
  let port: number;
  let proxied: number;
  before(async () => {
    port = await freePort();
    proxied = await freePort();
    node = await startNodeProcess([
      "--threads=1",
      `--listen=127.0.0.1:${port} 127.0.0.1:${proxied},proxy`,
      `--max-line-time=${LINE_MS}ms`,
      `--max-body-time=${LINE_MS}ms`,
    ]);
  });
  after(() => node[Symbol.asyncDispose]());

  const beginnings: {
    what: string;
    first: string;
    rest: string | Buffer;
    isProxied?: true;
    says?: RegExp;
    step?: number;
  }[] = [
    { what: "a line", first: "", rest: '{"id":1,"action":"upper","payload":"' + "x".repeat(1000) },
    { what: "an inline line", first: "", rest: `upper ${"x".repeat(1000)}` },
    { what: "a second line", first: '{"id":1,"action":"upper","payload":"x"}\n', rest: "{".repeat(1000) },
    { what: "a line that is too long", first: "y".repeat(1024 * 1024 + 1), rest: "y".repeat(1000) },
    { what: "a word that may be a method", first: "", rest: "GETTINGTHERE" },
    { what: "a PROXY header", first: "", rest: "PROXY TCP4 203.0.113.7", isProxied: true },
    { what: "an HTTP head", first: "GET /healthz HTTP/1.1\r\n", rest: `X-Long: ${"h".repeat(1000)}` },
    { what: "an HTTP body", first: JSON_POST, rest: `{"action":"${"b".repeat(900)}`, says: /HTTP\/1.1 408 / },
    { what: "a WebSocket handshake", first: UPGRADE.slice(0, -2), rest: `X-Long: ${"w".repeat(1000)}` },
    {
      what: "a WebSocket message",
      first: UPGRADE,
      rest: Buffer.concat([frameHead(WHOLE_TEXT, 60_000), Buffer.alloc(1000, "m")]),
    },
    {
      what: "a WebSocket message in parts, with pings between them,",
      first: UPGRADE,
      rest: Buffer.concat([
        frameHead(BEGUN_TEXT, 126),
        Buffer.alloc(126, "m"),
        ...Array.from({ length: 100 }, () => [PING, Buffer.of(CONTINUED, 0x81, 0, 0, 0, 0, 109)]).flat(),
      ]),
      step: 13,
    },
  ];
  describe("closes in time", { concurrency: true }, () => {
    for (const { what, first, rest, isProxied, says, step = 1 } of beginnings) {
      test(`${what} that drips in`, async (t) => {
        const client = await dial(t, isProxied ? proxied : port);
        client.send(first);
        const began = performance.now();
        for (let at = 0; !client.isEnded && performance.now() - began < CLOSED_WITHIN_MS; at += step) {
          if (at < rest.length) client.send(Buffer.from(rest.slice(at, at + step)));
          await delay(20);
        }
        assert.ok(client.isEnded, `open after ${CLOSED_WITHIN_MS} ms`);
        assert.ok(performance.now() - began >= LINE_MS - 50, "closed before its time");
        if (says) assert.match(client.text, says);
      });
    }
  });

  test("silence is welcome: who has said nothing, or nothing new, is served after the time of a line", async (t) => {
    const silent = await dial(t, port);
    const blank = await dial(t, port);
    const spoken = await dial(t, port);
    const http = await dial(t, port);
    blank.send("\r\n");
    spoken.send("upper before\n");
    http.send(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`);
    await Promise.all([spoken.lines(1), once(socket, "open")]);
    await delay(LINE_MS * 2.5);
    for (const client of [silent, blank, spoken]) {
      const before = client.text;
      client.send("upper after\n");
      await client.until(() => client.text.endsWith("AFTER\n") || client.isEnded);
      assert.equal(client.text, `${before}AFTER\n`);
    }
    http.send(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
    await http.until(() => http.text.split("HTTP/1.1 200 ").length === 3 || http.isEnded);
    assert.ok(!http.isEnded);
    socket.send('{"id":1,"action":"upper","payload":"after"}');
    const [message] = (await once(socket, "message")) as [MessageEvent];
    assert.match(String(message.data), /"data":"AFTER"/);
    socket.close();
  });

  test("a task that takes longer than a line may is no late line, though the client has closed its half", async (t) => {
    const client = await dial(t, port);
    client.socket.end(`{"id":1,"action":"sleep","payload":${LINE_MS * 2}}\n{"id":2,"action":"up`);
    assert.deepEqual((await client.ended()).trimEnd().split("\n").length, 2);
    assert.match(client.text, /"code":"bad_json"/);
    assert.match(client.text, /"id":1,"status":"done"/);
  });

  test("two thousand that drip do not keep an honest client from its answers", async (t) => {
    const beginning = ['{"id":1,"action":"upper","payload":"', `GET /v1/tasks HTTP/1.1\r\n${HOST}`];
    const dripping: Client[] = [];
    for (let i = 0; i < 40; i++) {
      dripping.push(...(await Promise.all(Array.from({ length: 50 }, () => dial(t, port)))));
    }
    const drip = (at: number): void =>
      dripping.forEach((client, i) => {
        if (!client.isEnded) client.send(beginning[i % 2]![at % 36]!);
      });
    using honest = await Lines.open(port);
    const times: number[] = [];
    for (let round = 0; round < 20; round++) {
      drip(round);
      for (let n = 0; n < 10; n++) {
        const began = performance.now();
        const reply = await honest.ask({ action: "upper", payload: `n${n}` });
        assert.equal(reply.result?.data, `N${n}`);
        times.push(performance.now() - began);
      }
      if (round === 5) assert.ok(dripping.filter((client) => !client.isEnded).length > 0);
      await delay(60);
    }
    await Promise.all(dripping.map((client) => client.ended()));
    times.sort((a, b) => a - b);
    t.diagnostic(`the slowest of 200 answers beside them took ${times.at(-1)!.toFixed(1)} ms`);
    const stats = (await honest.ask({ op: "stats" })).data as { connections: number };
    assert.ok(stats.connections < 10, `${stats.connections} connections are left`);
  });
});
