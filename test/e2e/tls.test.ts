/** A node with a certificate: its clients believe an authority of their own, and the certificate is renewed while it runs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { connect } from "../../src/client/client.ts";
import { runCli } from "../cli/run-cli.ts";
import { Certificates, type Pair } from "../gateway/certificates.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

describe("a node with a certificate in files", () => {
  let certificates: Certificates;
  let files: Pair;
  let node: NodeProcess;
  let server: string;
  before(async () => {
    certificates = new Certificates();
    files = certificates.place(certificates.make("first"));
    node = await startNodeProcess(["--threads=1", `--tls-cert=${files.cert}`, `--tls-key=${files.key}`]);
    server = `tandas://127.0.0.1:${node.port}`;
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    certificates?.[Symbol.dispose]();
  });

  const subject = async (): Promise<unknown> => {
    const socket = connectTls({ host: "127.0.0.1", port: node.port, ca: certificates.ca });
    await once(socket, "secureConnect");
    const name: unknown = socket.getPeerCertificate().subject["CN"];
    socket.destroy();
    return name;
  };
  const untilSubject = async (name: string): Promise<void> => {
    while ((await subject()) !== name) await delay(50);
  };
  const untilLogged = async (text: RegExp): Promise<void> => {
    while (!node.log.some(({ msg, why }) => text.test(`${msg} ${String(why)}`))) await delay(20);
  };

  test("the SDK runs tasks and moves blobs over TLS, and believes only the authority it is given", async () => {
    await using client = connect(server, { ca: certificates.ca });
    assert.equal(await client.$.run("upper", "hola"), "HOLA");
    const bytes = "b".repeat(300_000);
    const link = await client.$.blobs.put(bytes, { type: "text/plain" });
    assert.equal(await new Response(await client.$.blobs.get(link)).text(), bytes);
    await assert.rejects(client.$.blobs.get("0".repeat(64)), { code: "not_found" });
    const stream = new Blob([bytes]).stream() as ReadableStream<Uint8Array>;
    assert.equal((await client.$.blobs.put(stream)).$blob, link.$blob);

    await using stranger = connect(server, { reconnectFor: 0 });
    await assert.rejects(stranger.$.open(), (error: Error & { hint?: string }) => {
      assert.match(error.message, /certificate/);
      assert.match(error.hint ?? "", /--ca FILE/);
      return true;
    });
    using others = new Certificates();
    await using misled = connect(server, { ca: others.ca, reconnectFor: 0 });
    await assert.rejects(misled.$.open(), /certificate/);
    for (const url of ["tanda://127.0.0.1:1", "https://127.0.0.1:1"])
      assert.throws(() => connect(url, { ca: certificates.ca }), { code: "bad_request" });
    assert.throws(
      () => connect(server, { ca: certificates.caFile }),
      /text of the file, not its name|PEM form/,
    );
  });

  test("long results come whole over TLS, alone and many at once, whatever their letters", async () => {
    await using client = connect(server, { ca: certificates.ca });
    for (const payload of ["plain ".repeat(20_000), "ñandú € 𝄞 ".repeat(9_000)]) {
      assert.equal(await client.$.run("echo", payload), payload);
      const many = await Promise.all(
        Array.from({ length: 20 }, (_, n) => client.$.run("echo", `${payload}${n}`)),
      );
      assert.deepEqual(
        many,
        many.map((_, n) => `${payload}${n}`),
      );
    }
  });

  test("the command line takes the authority from --ca or TANDA_CA, and doctor tells until when the certificate holds", async () => {
    const ran = await runCli(["run", "upper", "hola", "--ca", certificates.caFile], { server });
    assert.equal(ran.stdout, "HOLA\n", ran.stderr);
    const doctor = await runCli(["doctor"], { server, env: { TANDA_CA: certificates.caFile } });
    assert.match(doctor.stdout, /✔ certificate: holds until \d{4}-\d\d-\d\d, 89 days from now/);
    const without = await runCli(["doctor"], { server });
    assert.match(without.stdout, /✘ connection: .*\n +Who signed its certificate is not known here/);
    const nowhere = await runCli(["run", "upper", "x", "--ca", "/nowhere.pem"], { server });
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /--ca: .*\/nowhere\.pem/);
  });

  test("a renewed pair is taken at once on SIGHUP, and by itself when the files change; who is connected stays", async () => {
    await using client = connect(server, { ca: certificates.ca });
    let lost = 0;
    await using watched = connect(server, {
      ca: certificates.ca,
      onConnection: (state) => void (lost += state === "lost" ? 1 : 0),
    });
    assert.equal(await watched.$.run("upper", "a"), "A");
    certificates.place(certificates.make("second"));
    process.kill(node.pid, "SIGHUP");
    await untilSubject("second");
    certificates.place(certificates.make("third"));
    await untilSubject("third");
    assert.equal(await watched.$.run("upper", "b"), "B");
    assert.equal(await client.$.run("upper", "c"), "C");
    assert.equal(lost, 0);
    assert.ok(node.log.some(({ msg }) => msg === "a renewed certificate is used from now on"));
  });

  test("half a pair and a broken file are told in the log with what to do, and the old certificate goes on", async () => {
    const before = await subject();
    const next = certificates.make("fourth");
    certificates.exchange(next.cert, files.cert);
    process.kill(node.pid, "SIGHUP");
    await untilLogged(/cannot be used; the old one goes on.*not that of the certificate/);
    assert.equal(await subject(), before);
    writeFileSync(files.cert, readFileSync(next.cert, "utf8").slice(0, 100));
    process.kill(node.pid, "SIGHUP");
    await untilLogged(/cannot be used.*does not hold a certificate/);
    assert.equal(await subject(), before);
    const told = node.log.find(({ msg }) => msg.includes("cannot be used"));
    assert.match(String(told?.["hint"]), /one pair/);
    certificates.exchange(next.key, files.key);
    certificates.exchange(next.cert, files.cert);
    process.kill(node.pid, "SIGHUP");
    await untilSubject("fourth");
  });

  test("a certificate that ends soon, or has ended, is told in the log and by doctor", async () => {
    const soon = certificates.make("soon", 3);
    certificates.place(soon);
    process.kill(node.pid, "SIGHUP");
    await untilSubject("soon");
    await untilLogged(/the certificate expires soon/);
    assert.equal(node.log.find(({ msg }) => msg === "the certificate expires soon")?.["daysLeft"], 2);
    const doctor = await runCli(["doctor", "--ca", certificates.caFile], { server });
    assert.match(doctor.stdout, /! certificate: holds until .*, 2 days from now\n +Renew it/);
  });
});
