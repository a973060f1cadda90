import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { needs } from "../../scripts/system-programs.ts";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { openS3Blobs, type S3Options } from "../../src/blobs/s3.ts";
import { Ceph } from "../services/ceph.ts";
import { blobsContract } from "./blobs-contract.ts";
import { MIB, pattern } from "./byte-pattern.ts";
import { LiveBytes } from "./live-bytes.ts";
import { tellsNoSecret } from "./no-secret.ts";
import { s3LinksSuite } from "./s3-links-suite.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

const skip = needs("radosgw").skip || needs("ceph-mon").skip || needs("ceph-osd").skip;
const UNKNOWN = "0".repeat(64);
const DAYS = 86_400_000;

describe("blobs in a bucket", { skip }, () => {
  let ceph: Ceph;
  before(async () => {
    ceph = await Ceph.start();
    Object.assign(process.env, ceph.env);
  }, START);
  after(() => ceph?.[Symbol.asyncDispose]());

  blobsContract("A bucket", async () => {
    const blobs = await openS3Blobs({ url: ceph.url(await ceph.makeBucket(), "some/where") });
    return { blobs, [Symbol.asyncDispose]: () => blobs.close() };
  });

  async function open(more: Partial<S3Options> = {}): Promise<{ blobs: Blobs; bucket: string }> {
    const bucket = await ceph.makeBucket();
    return { bucket, blobs: await openS3Blobs({ url: ceph.url(bucket), ...more }) };
  }

  /** Keys of objects, then of uploads that are not complete. */
  async function left(bucket: string): Promise<string[]> {
    using client = disposable(ceph);
    const [objects, uploads] = await Promise.all([
      client.send(new ListObjectsV2Command({ Bucket: bucket })),
      client.send(new ListMultipartUploadsCommand({ Bucket: bucket })),
    ]);
    return [...(objects.Contents ?? []), ...(uploads.Uploads ?? [])].map(({ Key }) => Key!);
  }

  test("96 MiB pass both ways with little of them in memory, and leave one object", async () => {
    const { blobs, bucket } = await open();
    await using _ = blobs;
    const size = 96 * MIB;
    const memory = new LiveBytes();
    const { id, bytes } = await blobs.put(Readable.from(pattern(size, () => memory.look())));
    assert.equal(bytes, size);
    const hash = createHash("sha256");
    let read = 0;
    for await (const chunk of await blobs.open(id)) {
      hash.update(chunk as Buffer);
      if (Math.floor(read / MIB) < Math.floor((read += (chunk as Buffer).length) / MIB)) memory.look();
    }
    assert.deepEqual([hash.digest("hex"), read], [id, size]);
    assert.ok(memory.most > 5 * MIB, "a part was never seen in memory: nothing was measured");
    // Four parts are on their way; what the collector lets go of is freed a little later, by a thread of its own.
    assert.ok(memory.most < 48 * MIB, `${Math.round(memory.most / MIB)} MiB at once`);
    assert.deepEqual(await left(bucket), [id]);
  });

  test("a large one that is copied in pieces is whole, and keeps its type", async () => {
    const { blobs, bucket } = await open({ copyPieceBytes: 5 * MIB });
    await using _ = blobs;
    const all = await buffer(Readable.from(pattern(16 * MIB + 1)));
    const { id } = await blobs.put(all, { type: "text/css" });
    assert.ok((await buffer(await blobs.open(id))).equals(all));
    await blobs.put(all);
    assert.deepEqual([(await blobs.stat(id)).type, (await blobs.stat(id)).bytes], ["text/css", all.length]);
    assert.deepEqual(await left(bucket), [id]);
  });

  test("an upload that fails or grows too large after some parts leaves nothing in the bucket", async () => {
    const { blobs, bucket } = await open();
    await using _ = blobs;
    const failing = Readable.from(
      (async function* () {
        yield* pattern(24 * MIB);
        throw new Error("the sender went away");
      })(),
    );
    await assert.rejects(blobs.put(failing), /the sender went away/);
    const tooLarge = Readable.from(pattern(64 * MIB));
    await assert.rejects(blobs.put(tooLarge, { maxBytes: 20 * MIB }), { code: "too_large" });
    assert.ok(tooLarge.destroyed);
    assert.deepEqual(await left(bucket), []);
  });

  test("what dead processes left half-way is removed after a day; what is not ours stays", async () => {
    const clock = { now: Date.now() };
    const { blobs, bucket } = await open({ now: () => clock.now });
    await using _ = blobs;
    using client = disposable(ceph);
    for (const Key of ["tmp/half", "tmp-of-others", "others/half"]) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }));
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      await client.send(
        new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber: 1, Body: "x".repeat(100) }),
      );
    }
    assert.deepEqual(await blobs.old(Date.now() + 2 * DAYS, 10), [], "they are no blobs");
    assert.equal((await left(bucket)).length, 6);
    clock.now += 2 * DAYS;
    await blobs.old(clock.now, 10);
    assert.deepEqual((await left(bucket)).toSorted(), [
      "others/half",
      "others/half",
      "tmp-of-others",
      "tmp-of-others",
    ]);
  });

  test("a gateway that is killed is unavailable, also to who was reading; when it is back so are the blobs", async () => {
    const { blobs } = await open();
    await using _ = blobs;
    const { id } = await blobs.put(Readable.from(pattern(32 * MIB)));
    const reading = await blobs.open(id);
    await once(reading, "readable");
    // It may come before the gateway's end is known here; who reads is told it all the same.
    reading.once("error", () => {});
    await ceph.killGateway();
    await assert.rejects(buffer(reading), { code: "unavailable" });
    for (const ask of [
      () => blobs.put("hola"),
      () => blobs.put(Readable.from(pattern(16 * MIB))),
      () => blobs.stat(id),
      () => blobs.open(id),
      () => blobs.old(Date.now(), 10),
      () => blobs.delete([id]),
    ]) {
      await assert.rejects(ask(), (error: { code: string; retryAfterMs: number }) => {
        assert.deepEqual([error.code, error.retryAfterMs > 0], ["unavailable", true]);
        return true;
      });
    }
    await assert.rejects(openS3Blobs({ url: ceph.url("any-bucket") }), { code: "unavailable" });
    await ceph.startGateway();
    assert.equal((await blobs.stat(id)).bytes, 32 * MIB);
    assert.equal(String(await buffer(await blobs.open((await blobs.put("hola")).id))), "hola");
  });

  test("a put that is under way while the gateway is killed ends; nothing is to be read of it", async () => {
    const { blobs, bucket } = await open();
    await using _ = blobs;
    const source = Readable.from(
      (async function* () {
        yield* pattern(16 * MIB);
        await ceph.killGateway();
        yield* pattern(16 * MIB);
      })(),
    );
    await assert.rejects(blobs.put(source), { code: "unavailable" });
    await ceph.startGateway();
    assert.deepEqual(await blobs.old(Date.now() + DAYS, 10), []);
    assert.ok((await left(bucket)).every((key) => key.startsWith("tmp/")));
  });

  test("a bucket that is not there is told at the start, with how to make it, and so is one that goes away", async () => {
    await assert.rejects(openS3Blobs({ url: ceph.url("no-such-bucket") }), (error: Error & Told) => {
      assert.equal(error.code, "bad_request");
      assert.match(error.message, /There is no bucket no-such-bucket at http:\/\/127\.0\.0\.1/);
      assert.match(error.hint, /aws s3 mb s3:\/\/no-such-bucket --endpoint-url http/);
      return true;
    });
    const gone = await openS3Blobs({ url: ceph.url("no-such-bucket"), isChecked: false });
    await using _ = gone;
    await assert.rejects(gone.put("hola"), { code: "unavailable", message: /bucket of the blobs is gone/ });
    await assert.rejects(gone.open(UNKNOWN), { code: "unavailable" });
  });

  test("wrong credentials are told without telling them, at the start and later", async () => {
    const bucket = await ceph.makeBucket();
    const wrong = { AWS_ACCESS_KEY_ID: ceph.accessKey, AWS_SECRET_ACCESS_KEY: "wRoNgSeCrEt" };
    const unknown = { AWS_ACCESS_KEY_ID: "AKuNkNoWn", AWS_SECRET_ACCESS_KEY: "wRoNgSeCrEt" };
    for (const env of [wrong, unknown]) {
      Object.assign(process.env, env);
      try {
        const url = ceph.url(bucket);
        await assert.rejects(openS3Blobs({ url }), (error: Error & Told) => {
          assert.equal(error.code, "bad_request");
          assert.match(error.message, /refuses us: /);
          assert.match(error.hint, /AWS_SECRET_ACCESS_KEY/);
          return tellsNoSecret(error, Object.values(env));
        });
        await using blobs = await openS3Blobs({ url, isChecked: false });
        for (const ask of [() => blobs.put("x"), () => blobs.open(UNKNOWN), () => blobs.old(0, 1)])
          await assert.rejects(ask(), (error: Error & Told) => {
            assert.equal(error.code, "unavailable");
            return tellsNoSecret(error, Object.values(env));
          });
      } finally {
        Object.assign(process.env, ceph.env);
      }
    }
  });

  test("a driver that is looked into shows no secret", async () => {
    const { blobs } = await open();
    await using _ = blobs;
    await blobs.put("hola");
    tellsNoSecret(blobs, [ceph.secretKey, ceph.accessKey]);
  });

  s3LinksSuite({ open, left, secret: () => ceph.secretKey });

  test("a process that is killed while it puts leaves an upload that nobody can read, and that is gone after a day", async (t) => {
    const clock = { now: Date.now() };
    const { blobs, bucket } = await open({ now: () => clock.now });
    await using _ = blobs;
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "putting-process.ts"), ceph.url(bucket), String(12 * MIB)],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...ceph.env } },
    );
    t.after(() => child.kill("SIGKILL"));
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    while ((await left(bucket)).length === 0) await sleep(20);
    child.kill("SIGKILL");
    await exited;
    assert.match((await left(bucket)).join(), /^tmp\/[0-9a-f-]{36}$/);
    assert.deepEqual(await blobs.old(clock.now, 10), []);
    assert.equal((await left(bucket)).length, 1, "it may still be at work");
    clock.now += 2 * DAYS;
    await blobs.old(clock.now, 10);
    assert.deepEqual(await left(bucket), []);
  });

  test("a bucket over its quota is busy, and passes", async () => {
    const { blobs, bucket } = await open();
    await using _ = blobs;
    const kept = await blobs.put("kept");
    await ceph.setQuota(bucket, 1);
    await assert.rejects(blobs.put("more"), (error: Error & Told) => {
      assert.deepEqual([error.code, error.retryAfterMs > 0], ["busy", true]);
      assert.match(error.message, /full/);
      return true;
    });
    assert.equal(String(await buffer(await blobs.open(kept.id))), "kept");
    await ceph.setQuota(bucket, null);
    const again = await putWhenThereIsRoom(blobs, "more");
    assert.equal(String(await buffer(await blobs.open(again.id))), "more");
  });
});

/** The server may go by the quota it remembers for a moment longer: a client waits as it is told, and asks again. */
async function putWhenThereIsRoom(blobs: Blobs, content: string): ReturnType<Blobs["put"]> {
  for (let asked = 1; ; asked++) {
    try {
      return await blobs.put(content);
    } catch (error) {
      const told = error as Error & Told;
      if (told.code !== "busy" || asked === 60) throw error;
      await sleep(told.retryAfterMs);
    }
  }
}

type Told = { readonly code: string; readonly hint: string; readonly retryAfterMs: number };

function disposable(ceph: Ceph): ReturnType<Ceph["client"]> & Disposable {
  const client = ceph.client();
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
