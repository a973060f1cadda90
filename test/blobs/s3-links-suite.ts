/** What links to a bucket are good for: tests that a file calls with its server. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Blobs, UploadLink } from "../../src/blobs/blobs.ts";
import type { S3Options } from "../../src/blobs/s3.ts";
import type { BlobRef } from "../../src/task/task.ts";
import { MIB, pattern } from "./byte-pattern.ts";
import { tellsNoSecret } from "./no-secret.ts";

const LINK = { lifeMs: 60_000, disposition: "attachment" };

const send = (link: UploadLink, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(link.url, { method: "PUT", headers: link.headers, body });

const refOf = (bytes: Buffer): BlobRef => ({
  id: createHash("sha256").update(bytes).digest("hex"),
  bytes: bytes.length,
});

type Bucket = {
  readonly open: (more?: Partial<S3Options>) => Promise<{ blobs: Blobs; bucket: string }>;
  /** Keys of what is in a bucket. */
  readonly left: (bucket: string) => Promise<string[]>;
  readonly secret: () => string;
};

export function s3LinksSuite({ open, left, secret }: Bucket): void {
  test("a link gives the bytes to whoever has it, whole or in part, and nothing else, until it is over", async () => {
    const { blobs } = await open();
    await using _ = blobs;
    const { id } = await blobs.put("0123456789", { type: "text/plain" });
    const other = await blobs.put("secret of others");
    const url = await blobs.downloadUrl!(id, LINK);
    tellsNoSecret(url, [secret()]);
    const whole = await fetch(url);
    assert.deepEqual([whole.status, await whole.text()], [200, "0123456789"]);
    assert.deepEqual(
      ["content-type", "content-disposition"].map((name) => whole.headers.get(name)),
      ["text/plain", "attachment"],
    );
    const part = await fetch(url, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([part.status, await part.text()], [206, "234"]);
    assert.equal((await fetch(url.replace(id, other.id))).status, 403);
    assert.equal((await fetch(url, { method: "PUT", body: "changed" })).status, 403);
    assert.equal((await fetch(url.split("?")[0]!)).status, 403);
    // A link begins with a whole second, which may be nearly over.
    const short = await blobs.downloadUrl!(id, { ...LINK, lifeMs: 3000 });
    assert.equal((await fetch(short)).status, 200);
    await sleep(4500);
    assert.equal((await fetch(short)).status, 403);
    await assert.rejects(blobs.downloadUrl!("../x", LINK), { code: "not_found" });
  });

  test("what comes by a link is a blob once it is finished, in one piece or several, and leaves nothing else", async () => {
    const { blobs, bucket } = await open({ copyPieceBytes: 5 * MIB });
    await using _ = blobs;
    const [small, large] = [Buffer.from("línea"), await buffer(Readable.from(pattern(12 * MIB + 1)))];
    for (const bytes of [small, large]) {
      const ref = refOf(bytes);
      const before = Date.now();
      const link = await blobs.uploadLink!(ref, 60_000);
      tellsNoSecret(link, [secret()]);
      assert.ok(link.expiresAt >= before + 60_000 && link.expiresAt <= Date.now() + 60_000);
      assert.equal((await send(link, bytes as Uint8Array<ArrayBuffer>)).status, 200);
      await assert.rejects(blobs.stat(ref.id), { code: "not_found" });
      assert.deepEqual(await blobs.finishUpload!(link.upload, ref, "text/plain"), ref);
      assert.ok((await buffer(await blobs.open(ref.id))).equals(bytes));
      const { type, putAt } = await blobs.stat(ref.id);
      assert.deepEqual([type, putAt >= before], ["text/plain", true]);
      await assert.rejects(blobs.finishUpload!(link.upload, ref), { code: "not_found" });
    }
    assert.deepEqual((await left(bucket)).toSorted(), [refOf(small).id, refOf(large).id].toSorted());
  });

  test("a link takes no other size, and other bytes of that size are found out: what has their name stays as it was", async () => {
    const { blobs, bucket } = await open();
    await using _ = blobs;
    const ref = await blobs.put("0123456789");
    const link = await blobs.uploadLink!(ref, 60_000);
    await assert.rejects(blobs.finishUpload!(link.upload, ref), { code: "not_found" });
    assert.equal((await send(link, "01234567890")).status, 403);
    assert.equal((await fetch(link.url, { method: "PUT", body: "0123456789" })).status, 403, "a header less");
    assert.equal((await fetch(link.url)).status, 403);
    await assert.rejects(blobs.finishUpload!(link.upload, ref), { code: "not_found" });
    // This server takes them; one that knows checksums refuses them.
    assert.equal((await send(link, "012345678x")).status, 200);
    await assert.rejects(blobs.finishUpload!(link.upload, ref), { code: "bad_request" });
    assert.equal(String(await buffer(await blobs.open(ref.id))), "0123456789");
    assert.deepEqual(await left(bucket), [ref.id]);
    await assert.rejects(blobs.finishUpload!(`../${ref.id}`, ref), { code: "not_found" });
    await assert.rejects(blobs.uploadLink!({ id: "../x", bytes: 1 }, 60_000), { code: "not_found" });
  });
}
