import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { storeContract } from "./store-contract.ts";

storeContract("SQLite in memory", async () => {
  const store = await openSqliteStore({ path: ":memory:" });
  return { store, reopen: null, [Symbol.asyncDispose]: () => store.close() };
});

storeContract("SQLite in a file", async () => {
  const dir = await mkdtemp(join(tmpdir(), "tanda-store-"));
  const path = join(dir, "tanda.db");
  let store = await openSqliteStore({ path });
  return {
    store,
    async reopen() {
      await store.close();
      return (store = await openSqliteStore({ path }));
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
});
