/** A task costs what it costs, also in a file in which all others are large. Bytes are counted as the system counts them. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SqliteReads } from "../../src/store/sqlite-reads.ts";
import { openReadable } from "../../src/store/sqlite-schema.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { newSpec, ride } from "./sample-events.ts";

const COUNTED = "/proc/self/io";
const LARGE = JSON.stringify("p".repeat(50_000));
const KIB = 1024;

const bytesRead = (): number => Number(/rchar: (\d+)/.exec(readFileSync(COUNTED, "utf8"))![1]);

test(
  "among large tasks a small one is found, and a page of small ones is listed, without reading the large",
  { skip: !existsSync(COUNTED) && `${COUNTED} is where the system counts, and is not there` },
  async (t) => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
    const path = join(dir.path, "tanda.db");
    const store = await openSqliteStore({ path });
    t.after(() => store.close());
    const large = (): ReturnType<typeof ride> =>
      ride(newSpec({ payload: LARGE }), { type: "done", result: LARGE, resultBlob: null });
    const small = Array.from({ length: 20 }, () => newSpec({ queue: "few" }));
    await store.apply(Array.from({ length: 200 }, large));
    await store.apply(small.map((spec) => ride(spec)));
    await store.apply(Array.from({ length: 200 }, large));
    await store.close();

    const db = openReadable(path);
    t.after(() => db.close());
    const reads = new SqliteReads(db);
    const costOf = (work: () => void): number => {
      const before = bytesRead();
      work();
      return bytesRead() - before;
    };
    const got = costOf(() => assert.equal(reads.get([small[7]!.id]).length, 1));
    const listed = costOf(() => assert.equal(reads.list({ queue: "few", limit: 10 }).rows.length, 10));
    t.diagnostic(`${got} bytes for one, ${listed} for a page of ten`);
    assert.ok(got < 100 * KIB, `${got}`);
    // Each large one is asked for its queue: that is on the first of the pages it fills.
    assert.ok(listed < 200 * 2 * 4 * KIB + 300 * KIB, `${listed}`);
  },
);
