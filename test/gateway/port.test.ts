import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import {
  parseListen,
  checkListen,
  isLoopback,
  needsToken,
  noToken,
  type ListenAddress,
} from "../../src/gateway/listen.ts";
import { parseProxyHeader } from "../../src/gateway/proxy-header.ts";
import { PROXY_V2_SIGNATURE, sniff } from "../../src/gateway/sniff.ts";
import { Client, dial, openGateway, talk } from "./open-gateway.ts";

const LINE = '{"id":1,"action":"upper","payload":"hola"}\n';
const ANSWER = '{"id":1,"status":"done","result":{"ok":true,"data":"HOLA"}}\n';
const PROXIED = [{ host: "127.0.0.1", port: 0, proxy: true }];
const V1 = "PROXY TCP4 203.0.113.7 127.0.0.1 4711 9000\r\n";

function v2(address: readonly number[], command = 1, extra = 0): Buffer {
  const family = address.length === 4 ? 0x11 : 0x21;
  const addresses = Buffer.from([...address, ...address, 0x12, 0x34, 0x23, 0x28]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(addresses.length + extra);
  return Buffer.concat([
    PROXY_V2_SIGNATURE,
    Buffer.of(0x20 | command, family),
    size,
    addresses,
    Buffer.alloc(extra),
  ]);
}

test("decides what a connection is at the first byte that tells, and the same for every longer beginning", () => {
  const cases: [string | Buffer, string, number][] = [
    [LINE, "lines", 1],
    ["upper hola\n", "lines", 1],
    ["\n", "lines", 1],
    ["PING\n", "lines", 5],
    ["PING", "undecided", 0],
    ["UPPER x", "lines", 7],
    ["GET /x HTTP/1.1\r\n", "http", 5],
    ["OPTIONS * HTTP/1.1\r\n", "http", 9],
    ["GET http://a/ HTTP/1.1\r\n", "http", 8],
    ["GET htt", "undecided", 0],
    ["GET hta", "lines", 7],
    ["PROXY /", "http", 7],
    ["PROXY UNKNOWN\r\n", "proxy", 13],
    [V1, "proxy", 10],
    [v2([1, 2, 3, 4]), "proxy", 12],
    ["\r\n\r\n", "undecided", 0],
    ["\r\nupper x\n", "lines", 3],
    [Buffer.of(0x16, 3, 1), "tls", 1],
    ["A".repeat(25), "lines", 25],
  ];
  for (const [text, kind, decidedAt] of cases) {
    const bytes = Buffer.from(text);
    for (let length = 0; length <= bytes.length; length++) {
      const expected = decidedAt === 0 || length < decidedAt ? "undecided" : kind;
      assert.equal(
        sniff(bytes.subarray(0, length)),
        expected,
        `${JSON.stringify(String(text))} at ${length}`,
      );
    }
  }
});

test("serves lines and HTTP whatever the first bytes are split into", async (t) => {
  const { port } = await openGateway(t);
  const http = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  for (const [bytes, expected] of [
    [LINE, /^\{"id":1,"status":"done"/],
    [http, /^HTTP\/1\.1 200 /],
    ["PING\n", /^PONG\n$/],
  ] as const) {
    for (let cut = 0; cut < Math.min(bytes.length, 14); cut++) {
      const client = await dial(t, port);
      for (const byte of bytes.slice(0, cut)) {
        client.send(byte);
        await delay(1);
      }
      client.send(bytes.slice(cut));
      await client.until(() => client.text.includes("\n"));
      assert.match(client.text, expected);
      client.socket.destroy();
    }
  }
});

test("takes PROXY headers of both versions where they are required, a byte at a time too, before lines and HTTP", async (t) => {
  const { port, log } = await openGateway(t, { listen: PROXIED, limits: { addressConnections: 2 } });
  for (const header of [
    Buffer.from(V1),
    Buffer.from("PROXY UNKNOWN\r\n"),
    v2([203, 0, 113, 9]),
    v2(Array(16).fill(1), 1, 20),
    v2([1, 1, 1, 1], 0),
  ]) {
    assert.equal(await talk(t, port, Buffer.concat([header, Buffer.from(LINE)])), ANSWER);
    const slow = await dial(t, port);
    for (const byte of Buffer.concat([header, Buffer.from("PING\n")])) {
      slow.send(Buffer.of(byte));
      await delay(0);
    }
    assert.deepEqual(await slow.lines(1), ["PONG"]);
    slow.socket.destroy();
    await slow.until(() => slow.isClosed);
    const http = await talk(
      t,
      port,
      Buffer.concat([
        header,
        Buffer.from("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      ]),
    );
    assert.match(http, /^HTTP\/1\.1 200 /);
  }
  assert.deepEqual(log, []);
});

test("counts connections by the address that the PROXY header tells", async (t) => {
  const { port } = await openGateway(t, { listen: PROXIED, limits: { addressConnections: 2 } });
  const open = async (last: number): Promise<Client> => {
    const client = await dial(t, port);
    client.send(`PROXY TCP4 203.0.113.${last} 127.0.0.1 1 2\r\nPING\n`);
    await client.until(() => client.text !== "" || client.isClosed);
    return client;
  };
  const kept = [await open(1), await open(1), await open(2), await open(2), await open(3)];
  assert.ok(kept.every((client) => client.text === "PONG\n"));
  assert.equal((await open(1)).text, "");
  kept[0]!.socket.destroy();
  await delay(30);
  assert.equal((await open(1)).text, "PONG\n");
});

test("refuses a PROXY header where none is expected, and its absence where one is", async (t) => {
  const plain = await openGateway(t);
  for (const header of [V1, v2([1, 2, 3, 4])]) {
    const answer = await talk(t, plain.port, Buffer.concat([Buffer.from(header), Buffer.from(LINE)]));
    assert.equal(
      answer,
      "error: bad_request: a PROXY header is not taken here (--listen ADDRESS,proxy takes one)\n",
    );
  }
  const proxied = await openGateway(t, { listen: PROXIED });
  for (const bytes of [LINE, "GET / HTTP/1.1\r\n\r\n", Buffer.of(0x16, 3, 1)]) {
    assert.match(await talk(t, proxied.port, bytes), /^error: bad_request: a PROXY header is required here/);
  }
  assert.match(await talk(t, proxied.port, V1 + V1 + LINE), /second PROXY header/);
  assert.match(await talk(t, proxied.port, "PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n"), /not valid/);
  for (const invalid of [
    "PROXY TCP4 ::1 ::1 1 2\r\n",
    "PROXY TCP6 ::1 ::1 1 99999\r\n",
    `PROXY TCP4 ${"1".repeat(120)}`,
    "PROXY TCP4 1.1.1.1 1.1.1.1 1 2 3\r\n",
  ]) {
    assert.equal(parseProxyHeader(Buffer.from(invalid)).type, "invalid", invalid);
  }
  const huge = v2([1, 2, 3, 4]);
  huge.writeUInt16BE(60_000, 14);
  assert.equal(parseProxyHeader(huge).type, "invalid");
});

test("TLS is told clearly that it is not spoken without a certificate, and spoken with one, with everything inside", async (t) => {
  const plain = await openGateway(t);
  const hello = Buffer.from("16030100a5010000a10303", "hex");
  assert.equal(await talk(t, plain.port, hello), "error: bad_request: TLS is not spoken here\n");

  const folder = mkdtempSync(join(tmpdir(), "tanda-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout",
      key,
      "-out",
      cert,
      "-days",
      "1",
      "-subj",
      "/CN=localhost",
    ],
    { stdio: "ignore" },
  );
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  const { port } = await openGateway(t, { tls });
  const secure = async (bytes: string): Promise<string> => {
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    t.after(() => socket.destroy());
    const client = new Client(socket);
    client.send(bytes);
    await client.until(() => client.text.includes("\n") || client.isEnded);
    return client.text;
  };
  assert.equal(await secure(LINE), ANSWER);
  assert.match(await secure("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), /^HTTP\/1\.1 200 /);
  assert.match(await secure(V1), /second PROXY header/);
  assert.equal(await talk(t, port, LINE), ANSWER);
  const proxied = await openGateway(t, { tls, listen: PROXIED });
  const raw = await dial(t, proxied.port);
  raw.socket.removeAllListeners("data");
  raw.socket.write(V1);
  const inner = connectTls({ socket: raw.socket, rejectUnauthorized: false });
  const client = new Client(inner);
  client.send(LINE);
  assert.deepEqual(await client.lines(1), [ANSWER.trim()]);
});

test("addresses are read strictly, and off loopback a token is needed", () => {
  assert.deepEqual(parseListen("9000"), { host: "127.0.0.1", port: 9000, proxy: false });
  assert.deepEqual(parseListen("[::1]:0,proxy"), { host: "::1", port: 0, proxy: true });
  assert.deepEqual(parseListen("0.0.0.0:80"), { host: "0.0.0.0", port: 80, proxy: false });
  for (const wrong of [
    "",
    "a b:1",
    "host",
    "1.2.3.4:70000",
    "[1.2.3.4]:1",
    "::1:9000",
    "9000,prox",
    "9000,",
  ]) {
    assert.throws(() => parseListen(wrong), { code: "bad_request" }, wrong);
  }
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])
    assert.ok(isLoopback(host), host);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.org", "127.0.0.1.example.org"])
    assert.ok(!isLoopback(host), host);
  const open = [parseListen("127.0.0.1:1"), parseListen("0.0.0.0:2")];
  checkListen(open, null);
  const needs = (listen: ListenAddress[], token: string | null, requireToken = false): boolean =>
    needsToken({ listen, token, requireToken });
  assert.ok(needs(open, null));
  assert.ok(!needs(open.slice(0, 1), null));
  assert.ok(needs(open.slice(0, 1), "0123456789abcdef"));
  assert.ok(needs(open.slice(0, 1), null, true));
  assert.match(noToken(open, "--data 'my data'").message, /0\.0\.0\.0:2 can be reached.*no token/);
  assert.match(noToken(open, "--data 'my data'").hint!, /^ {2}tanda token create --all --data 'my data'$/m);
  assert.match(noToken(open, null).hint!, /TANDA_TOKEN=/);
  assert.throws(() => checkListen(open, "short"), { code: "bad_request" });
  checkListen(open, "0123456789abcdef");
  checkListen([parseListen("localhost:1")], null);
});
