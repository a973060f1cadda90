import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { decidesContract } from "./store-decides-contract.ts";

for (const seed of [1, 2, 3, 4]) {
  const isInFile = seed % 2 === 0;
  decidesContract(
    isInFile ? "in a file" : "in memory",
    async () => {
      const dir = await mkdtemp(join(tmpdir(), "tanda-store-"));
      const store = await openSqliteStore({ path: isInFile ? join(dir, "tanda.db") : ":memory:" });
      return {
        store,
        async [Symbol.asyncDispose]() {
          await store.close();
          await rm(dir, { recursive: true });
        },
      };
    },
    seed,
  );
}
