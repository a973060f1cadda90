/** Hazard 12: clients that forge who they are. Only a listener that is meant for a balancer believes a PROXY header. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dial, talk, type Client } from "../gateway/open-gateway.ts";
import { freePort, startNodeProcess, type NodeProcess } from "./node-process.ts";

const V1 = "PROXY TCP4 203.0.113.7 127.0.0.1 4711 9000\r\n";
const V2 = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb0071077f000001126723280000", "hex").subarray(0, 28);
const LINE = '{"id":1,"action":"upper","payload":"hola"}\n';
const PER_ADDRESS = 3;

describe("hazard 12: a node behind a balancer and beside it", () => {
  let node: NodeProcess;
  let plain: number;
  let proxied: number;
  before(async () => {
    plain = await freePort();
    proxied = await freePort();
    node = await startNodeProcess(
      [
        "--threads=1",
        `--listen=127.0.0.1:${plain} 127.0.0.1:${proxied},proxy`,
        `--max-address-connections=${PER_ADDRESS}`,
        "--max-idle=1s",
      ],
      { TANDA_TOKEN: "open-sesame" },
    );
    // HTTP is loaded behind the start; here it is to be there.
    await fetch(`http://127.0.0.1:${plain}/healthz`);
  });
  after(() => node[Symbol.asyncDispose]());

  const greet = async (t: TestContext, port: number, hello: string | Buffer): Promise<Client> => {
    const client = await dial(t, port);
    client.send(hello);
    client.send("PING\n");
    await client.until(() => client.text.includes("\n") || client.isEnded);
    return client;
  };
  /** Until the node has counted them out. */
  const leave = async (clients: readonly Client[]): Promise<void> => {
    for (const client of clients) client.socket.destroy();
    await delay(50);
  };

  test("a PROXY header on a plain listener is refused, in both versions, and nothing behind it runs", async (t) => {
    for (const header of [V1, V2]) {
      const text = await talk(t, plain, Buffer.concat([Buffer.from(header), Buffer.from(LINE)]));
      assert.match(text, /^error: bad_request: a PROXY header is not taken here[^\n]*\n$/);
    }
  });

  test("a listener for a balancer takes nobody without a header, and no second header", async (t) => {
    for (const bytes of [LINE, "PING\n", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]) {
      assert.match(
        await talk(t, proxied, bytes),
        /^error: bad_request: a PROXY header is required here[^\n]*\n$/,
      );
    }
    assert.match(
      await talk(t, proxied, `${V1}${V1}${LINE}`),
      /^error: bad_request: a second PROXY header\n$/,
    );
    for (const bad of [
      "PROXY TCP4 203.0.113.999 127.0.0.1 1 2\r\n",
      "PROXY TCP6 203.0.113.7 127.0.0.1 1 2\r\n",
    ]) {
      assert.match(
        await talk(t, proxied, bad + LINE),
        /^error: bad_request: the PROXY header is not valid\n$/,
      );
    }
  });

  test("a header that says it comes from this very machine opens no door: the token is asked for as of anyone", async (t) => {
    for (const from of ["127.0.0.1", "10.0.0.1"]) {
      const header = `PROXY TCP4 ${from} 127.0.0.1 1 2\r\n`;
      assert.match(await talk(t, proxied, header + LINE), /"code":"unauthorized"/);
      const request = `GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n`;
      assert.match(await talk(t, proxied, header + request), /^HTTP\/1\.1 401 /);
    }
    assert.match(await talk(t, proxied, `${V1}auth open-sesame\nupper hola\n`), /^ok\nHOLA\n$/);
  });

  test("what counts against an address is who the balancer says it is, and what is logged too", async (t) => {
    const open = (last: number): Promise<Client> =>
      greet(t, proxied, `PROXY TCP4 203.0.113.${last} 127.0.0.1 1 2\r\n`);
    const clients = [];
    for (let n = 0; n < PER_ADDRESS; n++) clients.push(await open(1));
    assert.ok(clients.every((client) => client.text === "PONG\n"));
    const tooMany = await open(1);
    assert.equal(tooMany.text, "");
    const other = await open(2);
    assert.equal(other.text, "PONG\n");
    await Promise.all([...clients, other].map((client) => client.ended()));
    const closed = node.log.filter(({ msg, why }) => msg === "closed a connection" && why === "idle");
    assert.deepEqual(closed.map(({ address }) => String(address)).toSorted(), [
      "203.0.113.1",
      "203.0.113.1",
      "203.0.113.1",
      "203.0.113.2",
    ]);
    await leave([tooMany]);
  });

  test("headers of HTTP that name another client buy no more connections", async (t) => {
    const request = (n: number): string =>
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.${n}\r\nForwarded: for=203.0.113.${n}\r\nX-Real-IP: 203.0.113.${n}\r\n\r\n`;
    const clients: Client[] = [];
    for (let n = 0; n < PER_ADDRESS + 2; n++) {
      const client = await dial(t, plain);
      client.send(request(n));
      await client.until(() => client.text !== "" || client.isEnded);
      clients.push(client);
    }
    const served = clients.filter((client) => client.text.startsWith("HTTP/1.1 200 "));
    assert.equal(served.length, PER_ADDRESS);
    await leave(clients);
  });
});
