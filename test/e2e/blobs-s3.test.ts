/** A node whose blobs are in a bucket of a real S3 server. */
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";
import { openS3Blobs } from "../../src/blobs/s3.ts";
import { connect } from "../../src/client/client.ts";
import { BLOB_GRACE_MS, sweepBlobs } from "../../src/node/duties/blob-sweep.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { runCli } from "../cli/run-cli.ts";
import { Ceph } from "../services/ceph.ts";
import { Lines } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { memoryGrowth } from "./peak-memory.ts";

const skip = needs("radosgw").skip || needs("ceph-mon").skip || needs("ceph-osd").skip;
const ACTIONS = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));
const MIB = 1024 * 1024;

describe("a node with its blobs in a bucket", { skip }, () => {
  let ceph: Ceph;
  before(async () => (ceph = await Ceph.start()), { timeout: 240_000 });
  after(() => ceph?.[Symbol.asyncDispose]());

  async function open(
    flags: readonly string[] = [],
  ): Promise<{ node: NodeProcess; bucket: string; url: string; blobsUrl: string }> {
    const bucket = await ceph.makeBucket();
    const blobsUrl = ceph.url(bucket, "of/this-node");
    const all = ["--blobs", blobsUrl, "--threads", "1", "--actions", ACTIONS, ...flags];
    const node = await startNodeProcess(all, ceph.env);
    return { node, bucket, blobsUrl, url: `http://127.0.0.1:${node.port}` };
  }

  async function put(url: string, body: string): Promise<{ $blob: string; bytes: number }> {
    const response = await fetch(`${url}/v1/blobs`, { method: "PUT", body });
    assert.equal(response.status, 201);
    return (await response.json()) as { $blob: string; bytes: number };
  }

  async function idsIn(bucket: string): Promise<string[]> {
    const client = ceph.client();
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    client.destroy();
    return Contents.map(({ Key }) => Key!.replace("of/this-node/", ""));
  }

  test("keeps large payloads and results there, and a handler reads a payload's blob in every way", async () => {
    const { node, bucket, url } = await open();
    await using _ = node;
    using lines = await Lines.open(node.port);
    const given = await put(url, "línea\n".repeat(30_000));
    const measured = await lines.ask({ action: "measure", payload: { file: given } });
    assert.deepEqual(measured.result?.data, { stream: given.bytes, file: given.bytes, lines: 30_000 });
    const repeated = await lines.ask({ action: "repeat", payload: 200_000 });
    assert.equal(repeated.result?.data, "y".repeat(200_000));
    const echoed = await lines.ask({ action: "upper", payload: "a".repeat(300_000) });
    assert.equal(echoed.result?.data, "A".repeat(300_000));
    const huge = (await lines.ask({ action: "repeat", payload: 3_000_000 })).result?.data as {
      $blob: string;
    };
    assert.equal(await (await fetch(`${url}/v1/blobs/${huge.$blob}`)).text(), `"${"y".repeat(3_000_000)}"`);
    const ids = await idsIn(bucket);
    assert.ok(ids.includes(given.$blob) && ids.includes(huge.$blob), String(ids));
    assert.ok(ids.length >= 4, String(ids));
    assert.ok(!readdirSync(node.data).includes("blobs"), "nothing is beside the store");
  });

  test("shows its credentials neither in its log nor to ps, nor in those of its pool's processes", async () => {
    const { node } = await open(["--log-level", "debug"]);
    await using _ = node;
    using lines = await Lines.open(node.port);
    await lines.ask({ action: "repeat", payload: 200_000 });
    const seen = [JSON.stringify(node.log), ...commandLines()];
    assert.ok(seen.some((text) => text.includes("tanda pool")));
    for (const text of seen) {
      assert.ok(!text.includes(ceph.secretKey) && !text.includes(ceph.accessKey), text.slice(0, 2000));
    }
  });

  test("a blob of 192 MiB passes through it both ways without being in its memory", async (t) => {
    const { node, url } = await open();
    await using _ = node;
    const chunk = Buffer.alloc(MIB, "0123456789abcdef");
    const body = (): ReadableStream =>
      Readable.toWeb(Readable.from(Array(192).fill(chunk))) as ReadableStream;
    await put(url, "the first loads what it takes");
    const grown = await memoryGrowth(node, async () => {
      const response = await fetch(`${url}/v1/blobs`, { method: "PUT", body: body(), duplex: "half" });
      const { $blob, bytes } = (await response.json()) as { $blob: string; bytes: number };
      assert.equal(bytes, 192 * MIB);
      let read = 0;
      for await (const part of (await fetch(`${url}/v1/blobs/${$blob}`)).body!) read += part.length;
      assert.equal(read, bytes);
    });
    t.diagnostic(`${Math.round(grown / MIB)} MiB more memory`);
    assert.ok(grown < 120 * MIB, `${Math.round(grown / MIB)} MiB`);
  });

  test("sends who fetches a blob to the bucket when it is told to, and the clients follow", async () => {
    const { node, bucket, url } = await open(["--blobs-redirect", "1m"]);
    await using _ = node;
    const { $blob: id } = await put(url, "0123456789");
    const path = `${url}/v1/blobs/${id}`;
    const told = await fetch(path, { redirect: "manual" });
    assert.equal(told.status, 307);
    assert.equal(told.headers.get("cache-control"), "private, no-store");
    const location = told.headers.get("location")!;
    assert.ok(location.startsWith(`${ceph.endpoint}/${bucket}/of/this-node/${id}?`), location);
    assert.ok(!location.includes(ceph.secretKey));
    const cut = await fetch(path, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([cut.status, await cut.text()], [206, "234"]);
    assert.match((await fetch(path)).headers.get("content-disposition")!, /^attachment/);
    assert.equal((await fetch(path, { method: "HEAD" })).headers.get("content-length"), "10");
    assert.equal((await fetch(path, { headers: { "if-none-match": `"${id}"` } })).status, 304);
    assert.equal((await fetch(`${url}/v1/blobs/${"0".repeat(64)}`)).status, 404);
    await using tanda = connect(`tanda://127.0.0.1:${node.port}`);
    assert.equal(await new Response(await tanda.$.blobs.get(id)).text(), "0123456789");
  });

  test("gives links for large uploads when it is told to: the client's bytes go past it, and a handler reads them", async (t) => {
    const { node, bucket, url } = await open(["--blobs-redirect", "1m", "--max-blob", "1GiB"]);
    await using _ = node;
    const bytes = Buffer.alloc(48 * MIB, "0123456789abcdef");
    const sent: string[] = [];
    const plainFetch = globalThis.fetch;
    globalThis.fetch = async (to, init) => {
      sent.push(`${init?.method ?? "GET"} ${new Request(to).url.split("?")[0]}`);
      return plainFetch(to, init);
    };
    t.after(() => (globalThis.fetch = plainFetch));
    await using tanda = connect(`tanda://127.0.0.1:${node.port}`);
    const link = await tanda.$.blobs.put(bytes, { type: "text/plain" });
    const upload = new RegExp(
      `^POST ${url}/v1/blobs/uploads PUT ${ceph.endpoint}/${bucket}/of/this-node/tmp/(\\S+) POST ${url}/v1/blobs/uploads/\\1$`,
    );
    assert.match(sent.join(" "), upload);
    assert.deepEqual([link.bytes, (await idsIn(bucket)).join()], [48 * MIB, link.$blob]);
    assert.equal(
      (await plainFetch(`${url}/v1/blobs/${link.$blob}`, { method: "HEAD" })).headers.get("content-type"),
      "text/plain",
    );
    const measured = (await tanda.$.run("measure", { file: link })) as { stream: number };
    assert.equal(measured.stream, 48 * MIB);
    // Through the node when the bucket cannot be reached by that name.
    sent.length = 0;
    const honest = globalThis.fetch;
    globalThis.fetch = (to, init) =>
      new Request(to).url.startsWith(ceph.endpoint)
        ? Promise.reject(new TypeError("fetch failed"))
        : honest(to, init);
    const again = await tanda.$.blobs.put(bytes);
    assert.deepEqual([again, sent.at(-1)], [link, `PUT ${url}/v1/blobs`]);
  });

  test("its blobs that no task refers to are removed, and no others", async () => {
    const { node, url, blobsUrl } = await open();
    await using _ = node;
    const [kept, orphan] = [await put(url, "kept"), await put(url, "of nobody")];
    using lines = await Lines.open(node.port);
    const task = { action: "measure", payload: { file: kept }, options: { wait: false, delay: "1h" } };
    assert.equal((await lines.ask(task)).status, "scheduled");
    await node.kill("SIGTERM");
    Object.assign(process.env, ceph.env);
    await using store = await openSqliteStore({ path: join(node.data, "tanda.db") });
    await using blobs = await openS3Blobs({ url: blobsUrl });
    const sweep = (now: number): Promise<void> =>
      sweepBlobs({ store, blobs, now: () => now, isStopped: () => false });
    await sweep(Date.now());
    assert.equal((await blobs.stat(orphan.$blob)).bytes, 9);
    await sweep(Date.now() + BLOB_GRACE_MS + 3_600_000);
    assert.equal((await blobs.stat(kept.$blob)).bytes, 4);
    await assert.rejects(blobs.stat(orphan.$blob), { code: "not_found" });
  });

  test("while the bucket is away it says so, and goes on by itself when it is back", async () => {
    const { node, url } = await open();
    await using _ = node;
    using lines = await Lines.open(node.port);
    const { $blob: id } = await put(url, "hola");
    await ceph.killGateway();
    for (const ask of [
      () => fetch(`${url}/v1/blobs/${id}`),
      () => fetch(`${url}/v1/blobs`, { method: "PUT", body: "x" }),
    ]) {
      const response = await ask();
      assert.equal(response.status, 503);
      assert.equal(((await response.json()) as { code: string }).code, "unavailable");
    }
    assert.equal((await lines.ask({ action: "upper", payload: "small" })).result?.data, "SMALL");
    const impatient = { action: "repeat", payload: 100_001, options: { timeout: "700ms" } };
    const late = await lines.ask(impatient);
    assert.equal(late.result?.error?.code, "timed_out", JSON.stringify(late));
    const large = lines.ask({ action: "repeat", payload: 100_000, options: { attempts: 1 } });
    const measured = lines.ask({ action: "measure", payload: { file: { $blob: id } } });
    await ceph.startGateway();
    assert.equal(await (await fetch(`${url}/v1/blobs/${id}`)).text(), "hola");
    assert.equal((await large).result?.data, "y".repeat(100_000));
    assert.deepEqual((await measured).result?.data, { stream: 4, file: 4, lines: 1 });
  });

  test("a result that a full bucket does not take is the task's own failure, and its neighbours go on", async () => {
    const { node, bucket, url } = await open();
    await using _ = node;
    using lines = await Lines.open(node.port);
    await put(url, "the only one");
    await ceph.setQuota(bucket, 1);
    const [large, small] = await Promise.all([
      lines.ask({ action: "repeat", payload: 100_000 }),
      lines.ask({ action: "nap", payload: 100 }),
    ]);
    assert.equal(large.result?.error?.code, "task_error", JSON.stringify(large));
    assert.match(large.result?.error?.message ?? "", /bucket of the blobs is full/);
    assert.equal(small.status, "done");
  });

  test("does not start without its bucket, and says what to do", async () => {
    const flags = ["--listen", "127.0.0.1:0", "--data", ":memory:", "--blobs", ceph.url("no-such-bucket")];
    const ran = await runCli(["serve", ...flags], { env: ceph.env });
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, /^error: bad_request: There is no bucket no-such-bucket at http/);
    assert.match(ran.stderr, /aws s3 mb s3:\/\/no-such-bucket/);
  });
});

/** Of every process on this machine. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}
