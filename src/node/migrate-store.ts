import { migratePostgres } from "../store/postgres.ts";
import { TandaError } from "../task/errors.ts";

export type StoreVersion = {
  readonly schema: string;
  /** What was found; 0 where there was nothing. */
  readonly version: number;
  /** What this program knows. */
  readonly newest: number;
};

/**
 * Upgrades the schema of a store that several nodes share, or only tells how far it is.
 * @throws bad_request for a store that has no schema of its own to migrate.
 */
export async function migrateStore(
  url: string,
  env: NodeJS.ProcessEnv,
  isLookOnly: boolean,
): Promise<StoreVersion> {
  if (!/^postgres(ql)?:/.test(url)) {
    throw new TandaError("bad_request", "Only a store in PostgreSQL is migrated: postgres://HOST/DATABASE", {
      hint: "A node's own SQLite file is upgraded when the node starts.",
    });
  }
  return migratePostgres({ url, env, now: () => performance.now(), random: Math.random }, isLookOnly);
}
