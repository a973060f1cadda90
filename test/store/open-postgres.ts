/** Opens stores in a test's PostgreSQL, each in a schema of its own. */
import { openPostgresStore } from "../../src/store/postgres.ts";
import type { SharedStore } from "../../src/store/shared-store.ts";
import type { Postgres } from "../services/postgres.ts";
import type { Opened } from "./store-contract.ts";

let lastSchema = 0;

export function newSchemaUrl(url: string): string {
  return `${url}?schema=s${++lastSchema}`;
}

export function openAt(url: string): Promise<SharedStore> {
  return openPostgresStore({ url, env: {}, now: () => performance.now(), random: Math.random });
}

export async function openEmpty(postgres: Postgres): Promise<Opened> {
  const url = newSchemaUrl(postgres.url);
  let store = await openAt(url);
  return {
    store,
    async reopen() {
      await store.close();
      return (store = await openAt(url));
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await postgres.query(`drop schema ${url.slice(url.indexOf("=") + 1)} cascade`);
    },
  };
}
