/** The proxy that misbehaves: what it holds arrives later and whole, one way or both; what it slows down stays in order. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FaultProxy } from "./fault-proxy.ts";

const HELD_MS = 150;

/** A server that answers each piece with `got` and the piece. */
class Talkers implements AsyncDisposable {
  /** What the server has heard. */
  heard = "";
  /** What the client was answered. */
  answered = "";
  readonly proxy: FaultProxy;
  readonly client: Socket;
  readonly #parts: AsyncDisposableStack;

  private constructor(proxy: FaultProxy, client: Socket, parts: AsyncDisposableStack) {
    this.proxy = proxy;
    this.client = client;
    this.#parts = parts;
    client.on("error", () => {});
    client.on("data", (bytes: Buffer) => (this.answered += bytes.toString()));
  }

  static async start(): Promise<Talkers> {
    await using parts = new AsyncDisposableStack();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => {
        talkers.heard += bytes.toString();
        socket.write(`got ${bytes.toString()};`);
      });
    }).listen(0, "127.0.0.1");
    parts.defer(() => void server.close());
    await once(server, "listening");
    const proxy = parts.use(await FaultProxy.start((server.address() as { port: number }).port));
    const client = connect({ port: proxy.port, host: "127.0.0.1", noDelay: true });
    parts.defer(() => void client.destroy());
    await once(client, "connect");
    const talkers = new Talkers(proxy, client, parts.move());
    await talkers.ask("hello");
    return talkers;
  }

  /** Says it, and waits for the answer. */
  async ask(word: string): Promise<void> {
    this.client.write(word);
    await this.until(() => this.answered.includes(word));
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await delay(2);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}

describe("a proxy that misbehaves", () => {
  test("holds both ways, and lets go of all that was sent", async () => {
    await using talkers = await Talkers.start();
    await talkers.proxy.set("hold");
    talkers.client.write("held");
    await delay(HELD_MS);
    assert.doesNotMatch(talkers.heard, /held/);
    await talkers.proxy.set("pass");
    await talkers.until(() => talkers.answered.includes("got held"));
    assert.ok(talkers.proxy.late > 0);
  });

  test("holds requests alone, or answers alone", async () => {
    await using talkers = await Talkers.start();
    await talkers.proxy.set("hold-answers");
    talkers.client.write("one");
    await talkers.until(() => talkers.heard.includes("one"));
    await delay(HELD_MS);
    assert.doesNotMatch(talkers.answered, /one/);
    await talkers.proxy.set("hold-requests");
    await talkers.until(() => talkers.answered.includes("one"));
    talkers.client.write("two");
    await delay(HELD_MS);
    assert.doesNotMatch(talkers.heard, /two/);
    await talkers.proxy.set("pass");
    await talkers.until(() => talkers.answered.includes("two"));
  });

  test("makes what it carries late, and keeps it in order, also when it is quick again", async () => {
    await using talkers = await Talkers.start();
    talkers.proxy.slow({ latencyMs: HELD_MS, bytesPerSecond: 10_000 });
    const begunAt = performance.now();
    talkers.client.write("a");
    await delay(10);
    talkers.client.write("b");
    await delay(10);
    talkers.proxy.slow(null);
    talkers.client.write("c");
    await talkers.until(() => talkers.heard.endsWith("c"));
    assert.ok(performance.now() - begunAt >= HELD_MS - 2);
    assert.equal(talkers.heard.replace("hello", ""), "abc");
  });

  test("counts the connections that break", async () => {
    await using talkers = await Talkers.start();
    assert.equal(talkers.proxy.count, 1);
    talkers.proxy.reset();
    await talkers.until(() => talkers.proxy.broken === 1);
    assert.equal(talkers.proxy.count, 0);
  });
});
