import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { storeContract } from "./store-contract.ts";

const openInMemory = (): Promise<Store> => openSqliteStore({ path: ":memory:" });

storeContract(
  "SQLite in memory",
  async () => {
    let store = await openInMemory();
    return {
      store,
      async reopen() {
        await store.close();
        return (store = await openInMemory());
      },
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
  false,
);

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
