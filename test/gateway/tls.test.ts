/** TLS on the port that speaks everything: who must speak it, what is inside, and a certificate that is exchanged under way. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { after, before, describe, test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { parseListen } from "../../src/gateway/listen.ts";
import { Certificates, textsOf, type Pair } from "./certificates.ts";
import { Client, openGateway, talk } from "./open-gateway.ts";
import { until } from "../until.ts";

const LINE = '{"id":1,"action":"upper","payload":"hola"}\n';
const ANSWER = '{"id":1,"status":"done","result":{"ok":true,"data":"HOLA"}}\n';
const HTTP = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

describe("a gateway with a certificate", () => {
  let certificates: Certificates;
  let first: Pair;
  before(() => {
    certificates = new Certificates();
    first = textsOf(certificates.make("first"));
  });
  after(() => certificates[Symbol.dispose]());

  const dialTls = async (t: TestContext, port: number, host = "127.0.0.1"): Promise<TLSSocket> => {
    const socket = connectTls({ host, port, ca: certificates.ca });
    t.after(() => socket.destroy());
    await once(socket, "secureConnect");
    return socket;
  };
  const subject = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject["CN"];

  test("speaks lines, HTTP and WebSocket inside TLS, and plain text beside it on loopback", async (t) => {
    const { port } = await openGateway(t, { tls: first });
    const lines = new Client(await dialTls(t, port));
    lines.send(LINE);
    assert.deepEqual(await lines.lines(1), [ANSWER.trim()]);
    const http = new Client(await dialTls(t, port));
    http.send(HTTP);
    assert.match(await http.ended(), /^HTTP\/1\.1 200 /);
    const socket = new WebSocket(`wss://localhost:${port}/v1/socket`, { ca: certificates.ca });
    t.after(() => socket.terminate());
    await once(socket, "open");
    socket.send(LINE);
    const [message] = (await once(socket, "message")) as [Buffer];
    assert.equal(`${message.toString()}\n`, ANSWER);
    assert.equal(await talk(t, port, LINE), ANSWER);
    assert.match(await talk(t, port, HTTP), /^HTTP\/1\.1 200 /);
  });

  test("who is closed for what he does not read is told so at once, inside TLS too", async (t) => {
    const { port, log } = await openGateway(t, { tls: first, limits: { unreadMs: 300 } });
    await talk(t, port, `{"action":"echo","payload":"${"x".repeat(200_000)}"}\n`);
    const socket = await dialTls(t, port);
    const ended = new Promise<string>((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      socket.on("close", () => resolve("closed in good order"));
    });
    socket.pause();
    // Little is asked, all of it is read, and the answers are much: nothing but ourselves would reset this connection.
    socket.write('{"op":"list"}\n'.repeat(400));
    await until(() => log.length > 0);
    assert.match(log[0]!, /answers were not read/);
    // In good order he would get megabytes first, which the system would keep for him.
    socket.resume();
    assert.equal(await ended, "ECONNRESET");
  });

  test("a listener for TLS alone refuses plain text of any kind, in words of its kind, and runs nothing", async (t) => {
    const listen = [parseListen("127.0.0.1:0,tls")];
    const { port, engine } = await openGateway(t, { tls: first, listen });
    const refused = "error: bad_request: only TLS is spoken here (tandas://, https://)\n";
    assert.equal(await talk(t, port, LINE), refused);
    assert.equal(await talk(t, port, "upper hola"), refused);
    const http = await talk(t, port, HTTP);
    assert.match(http, /^HTTP\/1\.1 426 /);
    assert.match(http, /"detail":"only TLS is spoken here".*"hint":"Write tandas/);
    assert.equal(engine.submitted, 0);
    const lines = new Client(await dialTls(t, port));
    lines.send(LINE);
    assert.deepEqual(await lines.lines(1), [ANSWER.trim()]);
  });

  test("a certificate is renewed for who comes from now on; who is there stays, with the old one", async (t) => {
    const { port, gateway } = await openGateway(t, { tls: first });
    const early = await dialTls(t, port);
    const lines = new Client(early);
    assert.equal(subject(early), "first");
    gateway.renewCertificate(textsOf(certificates.make("second")));
    assert.equal(subject(await dialTls(t, port)), "second");
    lines.send(LINE);
    assert.deepEqual(await lines.lines(1), [ANSWER.trim()]);
    assert.throws(() => gateway.renewCertificate({ cert: "no certificate", key: first.key }));
    assert.equal(subject(await dialTls(t, port)), "second");
  });

  test("when it expires is told to Prometheus, and nothing is without a certificate", async (t) => {
    const { port, url } = await openGateway(t, { tls: first });
    const socket = await dialTls(t, port);
    const told = Date.parse(socket.getPeerCertificate().valid_to) / 1000;
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.equal(Number(/^tanda_certificate_expires_timestamp_seconds (.*)$/m.exec(text)![1]), told);
    const plain = await openGateway(t);
    assert.doesNotMatch(
      await (await fetch(`${plain.url}/metrics`)).text(),
      /^tanda_certificate_expires\w+ \d/m,
    );
  });
});

test("TLS alone without a certificate would take nobody, so the gateway does not start", async (t) => {
  await assert.rejects(openGateway(t, { listen: [parseListen("127.0.0.1:0,tls")] }), {
    code: "bad_request",
    message: /127\.0\.0\.1:0 takes TLS alone, and there is no certificate/,
  });
});

test("an address may ask for TLS alone or for both, not for two things at once", () => {
  assert.deepEqual(parseListen("0.0.0.0:1,tls"), { host: "0.0.0.0", port: 1, proxy: false, speaks: "tls" });
  assert.deepEqual(parseListen("9000,proxy,plain"), {
    host: "127.0.0.1",
    port: 9000,
    proxy: true,
    speaks: "plain",
  });
  for (const wrong of ["9000,tls,plain", "9000,tls,tls", "9000,TLS"])
    assert.throws(() => parseListen(wrong), { code: "bad_request" }, wrong);
});
