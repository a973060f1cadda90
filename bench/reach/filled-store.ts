/** A data folder with so many finished tasks in it: one is written as a node writes it, the others are its copies. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { newSpec } from "../../test/store/sample-events.ts";
import type { Progress } from "../workloads.ts";

const CHUNK = 100_000;
/** As the node names it in its folder. */
const FILE = "tanda.db";
const CACHE = fileURLToPath(new URL("../.cache", import.meta.url));
/** Half of what retention keeps: an older folder is made anew. */
const MAX_AGE_MS = 3 * 86_400_000;
/** What the measures add to a kept folder may be so much of it. */
const MAX_GROWTH = 1.2;

export type Filled = { readonly data: string; readonly fillSeconds: number };

/** Kept for the next time in bench/.cache. */
export async function keptFolder(count: number, onProgress: Progress): Promise<Filled> {
  const data = join(CACHE, `stored-${count}`);
  const noteFile = `${data}.json`;
  const note = await readFile(noteFile, "utf8").catch(() => null);
  if (note !== null) {
    const { at, fillSeconds } = JSON.parse(note) as { at: number; fillSeconds: number };
    if (Date.now() - at < MAX_AGE_MS && storedIn(data) < count * MAX_GROWTH) return { data, fillSeconds };
  }
  await rm(noteFile, { force: true });
  await rm(data, { recursive: true, force: true });
  const startedAt = performance.now();
  await fill(data, count, onProgress);
  const fillSeconds = (performance.now() - startedAt) / 1000;
  await writeFile(noteFile, JSON.stringify({ at: Date.now(), fillSeconds }));
  return { data, fillSeconds };
}

export async function fill(data: string, count: number, onProgress: Progress): Promise<void> {
  await mkdir(data, { recursive: true });
  const path = join(data, FILE);
  await writeFirst(path, Date.now() - count - 1000);
  using db = new DatabaseSync(path);
  // A crash loses a folder that can be made again.
  db.exec("pragma synchronous = off; pragma cache_size = -65536");
  const columns = db
    .prepare("select name from pragma_table_info('tasks') where name <> 'id'")
    .all()
    .map(({ name }) => name)
    .join(", ");
  // Ids as one maker makes them, one a millisecond: 48 bits of time, the version, a counter, the variant and tag, chance.
  const copy = db.prepare(
    `with recursive n(ms) as (select ? union all select ms + 1 from n where ms + 1 < ?)
     insert into tasks (id, ${columns})
     select unhex(printf('%012x7000800', n.ms) || substr(hex(randomblob(7)), 1, 13)), ${columns}
     from n, (select ${columns} from tasks limit 1)`,
  );
  const from = Date.now() - count;
  for (let done = 1; done < count; done += CHUNK) {
    const more = Math.min(CHUNK, count - done);
    copy.run(from + done, from + done + more);
    onProgress(done + more, count);
  }
  db.prepare("update counts set count = ?").run(count);
  db.exec("pragma wal_checkpoint(truncate)");
}

async function writeFirst(path: string, at: number): Promise<void> {
  await using store = await openSqliteStore({ path });
  const spec = newSpec({ id: createIdMaker(0, () => at, Math.random)(), createdAt: Date.now() });
  const outcome = { type: "done", result: '"HOLA"', resultBlob: null } as const;
  const [applied] = await store.apply([
    {
      type: "finish",
      id: spec.id,
      at: Date.now(),
      attempt: 1,
      startedAt: Date.now(),
      chance: 0.5,
      outcome,
      spec,
    },
  ]);
  if (applied?.verdict !== "applied") throw new Error("the first task was not written");
}

/** As the store counts, not by counting. */
export function storedIn(data: string): number {
  using db = new DatabaseSync(join(data, FILE), { readOnly: true });
  return Number(db.prepare("select sum(count) as sum from counts").get()?.["sum"] ?? 0);
}
