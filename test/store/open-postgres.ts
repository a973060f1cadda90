/** Opens stores in a test's PostgreSQL, each in a schema of its own. */
import { openPostgresStore } from "../../src/store/postgres.ts";
import type { SharedStore } from "../../src/store/shared-store.ts";
import type { Postgres } from "../services/postgres.ts";
import { newSpec, submit } from "./sample-events.ts";
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

/** Two processes' stores over the same tables. */
export async function openBoth(
  postgres: Postgres,
): Promise<AsyncDisposable & { one: SharedStore; two: SharedStore; schema: string }> {
  const url = newSchemaUrl(postgres.url);
  const one = await openAt(url);
  const two = await openAt(url);
  return {
    one,
    two,
    schema: url.slice(url.indexOf("=") + 1),
    async [Symbol.asyncDispose]() {
      await Promise.all([one.close(), two.close()]);
    },
  };
}

export async function queued(store: SharedStore, count: number): Promise<string[]> {
  const specs = Array.from({ length: count }, () => newSpec());
  await store.apply(specs.map((spec) => submit(spec)));
  return specs.map(({ id }) => id);
}
