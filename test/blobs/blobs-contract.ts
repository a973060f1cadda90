/** What every keeper of blobs must do. A driver passes by calling this with a way to open an empty one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, test } from "node:test";
import type { Blobs } from "../../src/blobs/blobs.ts";

export type OpenBlobs = () => Promise<AsyncDisposable & { readonly blobs: Blobs }>;

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function read(blobs: Blobs, id: string, range?: { start: number; end: number }): Promise<Buffer> {
  return buffer(await blobs.open(id, range));
}

const HOLA = sha256("hola");
const BAD_IDS = [
  "",
  "nope",
  "../../../etc/passwd",
  `${"../".repeat(21)}x`,
  HOLA.toUpperCase(),
  `${HOLA}0`,
  HOLA.slice(1),
  `${HOLA.slice(1)}\0`,
  `${HOLA}\n`,
];

export function blobsContract(name: string, open: OpenBlobs): void {
  describe(`${name} as a keeper of blobs`, () => {
    test("text, bytes and streams come back as they went in, under their hash", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const large = Buffer.alloc(3_000_001, "0123456789");
      const parts = [large.subarray(0, 1), large.subarray(1, 2_000_000), large.subarray(2_000_000)];
      const cases: [Readable | Uint8Array | string, Uint8Array][] = [
        ["hola ñ 💥", Buffer.from("hola ñ 💥")],
        [new Uint8Array([0, 255, 10, 13]), new Uint8Array([0, 255, 10, 13])],
        ["", new Uint8Array()],
        [Readable.from(parts), large],
        [Readable.from(["a", Buffer.from("b")]), Buffer.from("ab")],
        [Readable.from([]), new Uint8Array()],
      ];
      for (const [given, expected] of cases) {
        const ref = await blobs.put(given);
        assert.deepEqual(ref, { id: sha256(expected), bytes: expected.byteLength });
        assert.ok((await read(blobs, ref.id)).equals(expected));
        const path = await blobs.file(ref.id);
        if (path !== null) assert.ok((await readFile(path)).equals(expected));
      }
    });

    test("ranges cut the bytes, both ends included", async () => {
      await using opened = await open();
      const { id } = await opened.blobs.put("0123456789");
      assert.equal(String(await read(opened.blobs, id, { start: 2, end: 4 })), "234");
      assert.equal(String(await read(opened.blobs, id, { start: 9, end: 9 })), "9");
      assert.equal(String(await read(opened.blobs, id, { start: 0, end: 100 })), "0123456789");
    });

    test("size, media type and time are told; a put without a type leaves the one told before", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const before = Date.now();
      const { id } = await blobs.put("hola", { type: "text/plain; charset=utf-8" });
      const { putAt, ...info } = await blobs.stat(id);
      assert.deepEqual(info, { id, bytes: 4, type: "text/plain; charset=utf-8" });
      assert.ok(putAt >= before - 2 && putAt <= Date.now() + 2, `${putAt} ${before}`);
      await blobs.put("hola");
      assert.equal((await blobs.stat(id)).type, "text/plain; charset=utf-8");
      await blobs.put("hola", { type: "text/html" });
      assert.equal((await blobs.stat(id)).type, "text/html");
      assert.equal((await blobs.stat((await blobs.put("other")).id)).type, "application/octet-stream");
    });

    test("a blob deleted and put again has the type of the later put", async () => {
      await using opened = await open();
      const { id } = await opened.blobs.put("hola", { type: "text/plain" });
      await opened.blobs.delete([id]);
      await opened.blobs.put("hola");
      assert.equal((await opened.blobs.stat(id)).type, "application/octet-stream");
    });

    test("many puts of the same bytes at once all succeed", async () => {
      await using opened = await open();
      const refs = await Promise.all(Array.from({ length: 20 }, () => opened.blobs.put("hola")));
      assert.deepEqual([...new Set(refs.map(({ id }) => id))], [HOLA]);
      assert.equal(String(await read(opened.blobs, HOLA)), "hola");
    });

    test("too many bytes are refused and leave nothing to read", async () => {
      await using opened = await open();
      const { blobs } = opened;
      await assert.rejects(blobs.put("hola", { maxBytes: 3 }), { code: "too_large" });
      await assert.rejects(blobs.put(Readable.from(["ho", "la"]), { maxBytes: 3 }), { code: "too_large" });
      await assert.rejects(blobs.stat(HOLA), { code: "not_found" });
      assert.equal((await blobs.put("hola", { maxBytes: 4 })).id, HOLA);
    });

    test("an endless stream is cut off at the limit", async () => {
      await using opened = await open();
      let given = 0;
      const endless = Readable.from(
        (function* () {
          for (;;) {
            given += 65_536;
            yield Buffer.alloc(65_536);
          }
        })(),
      );
      await assert.rejects(opened.blobs.put(endless, { maxBytes: 1_000_000 }), { code: "too_large" });
      assert.ok(endless.destroyed && given < 4_000_000, String(given));
    });

    test("a stream that fails half-way leaves nothing to read", async () => {
      await using opened = await open();
      const failing = Readable.from(
        (function* () {
          yield "hola";
          throw new Error("the sender went away");
        })(),
      );
      await assert.rejects(opened.blobs.put(failing), /the sender went away/);
      await assert.rejects(opened.blobs.open(HOLA), { code: "not_found" });
      assert.deepEqual(await opened.blobs.old(Date.now() + 1e6, 10), []);
    });

    test("unknown and impossible ids are not found", async () => {
      await using opened = await open();
      for (const id of [HOLA, ...BAD_IDS]) {
        await assert.rejects(opened.blobs.stat(id), { code: "not_found" }, id);
        await assert.rejects(opened.blobs.open(id), { code: "not_found" }, id);
        await assert.rejects(opened.blobs.file(id), { code: "not_found" }, id);
      }
    });

    test("what is deleted is gone; deleting what is not there is no error", async () => {
      await using opened = await open();
      const [a, b] = [await opened.blobs.put("a"), await opened.blobs.put("b")];
      await opened.blobs.delete([a.id, HOLA, ...BAD_IDS]);
      await assert.rejects(opened.blobs.open(a.id), { code: "not_found" });
      assert.equal(String(await read(opened.blobs, b.id)), "b");
    });

    test("old blobs are found by when they were last put", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const [a, b] = [await blobs.put("a"), await blobs.put("b")];
      await sleep(30);
      const between = Date.now();
      await sleep(30);
      const c = await blobs.put("c");
      assert.deepEqual((await blobs.old(between, 10)).sort(), [a.id, b.id].sort());
      assert.equal((await blobs.old(between, 1)).length, 1);
      await blobs.put("a");
      assert.deepEqual(await blobs.old(between, 10), [b.id]);
      assert.deepEqual((await blobs.old(Date.now() + 1000, 10)).sort(), [a.id, b.id, c.id].sort());
    });

    test("old blobs are told page by page, in the order of ids, each once", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const ids = await Promise.all(
        Array.from({ length: 40 }, async (_, n) => (await blobs.put(`page-${n}`)).id),
      );
      const told: string[] = [];
      for (let after: string | null = null; ;) {
        const page: string[] = await blobs.old(Date.now() + 1000, 7, after);
        assert.ok(page.length <= 7);
        told.push(...page);
        if (page.length < 7) break;
        after = page.at(-1)!;
      }
      assert.deepEqual(told, ids.toSorted());
    });

    test("of those to be deleted, one that was put again since the instant given stays", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const [a, b] = [await blobs.put("a"), await blobs.put("b")];
      await sleep(30);
      const between = Date.now();
      await sleep(30);
      await blobs.put("a");
      await blobs.delete([a.id, b.id], between);
      assert.equal(String(await read(blobs, a.id)), "a");
      await assert.rejects(blobs.open(b.id), { code: "not_found" });
    });

    test("what is put while the old of the same bytes is removed stays, with its type", async () => {
      await using opened = await open();
      const { blobs } = opened;
      for (let round = 0; round < 30; round++) {
        const type = `text/x-${round}`;
        await blobs.put("hola", { type });
        await sleep(3);
        const between = Date.now();
        await sleep(3);
        // Later and later into what the removal does.
        const putting = sleep(round / 5).then(() => blobs.put("hola", { type }));
        await Promise.all([blobs.delete([HOLA], between), putting]);
        assert.equal(String(await read(blobs, HOLA)), "hola", `round ${round}`);
        assert.equal((await blobs.stat(HOLA)).type, type);
      }
    });

    test("closing waits for what is being put, and refuses what comes after; twice is safe", async () => {
      await using opened = await open();
      const { blobs } = opened;
      const putting = blobs.put(
        Readable.from(
          (async function* () {
            yield "ho";
            await sleep(20);
            yield "la";
          })(),
        ),
      );
      await Promise.all([blobs.close(), blobs.close()]);
      assert.equal((await Promise.race([putting, Promise.resolve(null)]))?.id, HOLA);
      await assert.rejects(blobs.put("more"), { code: "unavailable" });
      await assert.rejects(blobs.open(HOLA), { code: "unavailable" });
    });
  });
}
