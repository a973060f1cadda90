import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { openS3Blobs } from "../../src/blobs/s3.ts";
import { Ceph } from "../services/ceph.ts";
import { MIB, pattern } from "./byte-pattern.ts";

const skip = needs("radosgw").skip || needs("ceph-mon").skip || needs("ceph-osd").skip;
const DAYS = 86_400_000;

describe("blobs in a bucket on disk", { skip }, () => {
  test("what was put is there after everything was killed at once", async () => {
    await using ceph = await Ceph.start({ store: "bluestore" });
    Object.assign(process.env, ceph.env);
    await using blobs = await openS3Blobs({ url: ceph.url(await ceph.makeBucket()) });
    const refs = await Promise.all([
      ...Array.from({ length: 40 }, (_, n) => blobs.put(`blob ${n}`, { type: "text/plain" })),
      blobs.put(Readable.from(pattern(12 * MIB))),
    ]);
    await ceph.killAll();
    await assert.rejects(blobs.stat(refs[0].id), { code: "unavailable" });
    await ceph.startAll();
    for (const { id, bytes } of refs) {
      const read = await buffer(await blobs.open(id));
      assert.deepEqual([createHash("sha256").update(read).digest("hex"), read.length], [id, bytes]);
    }
    assert.equal((await blobs.old(Date.now() + DAYS, 100)).length, refs.length);
  });
});
