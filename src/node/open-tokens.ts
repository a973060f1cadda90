/** Tokens of a store that no node has open, or that nodes share: made and revoked without one. */
import { join, resolve } from "node:path";
import { existsSync } from "node:fs";
import { AuditLog } from "../engine/audit-log.ts";
import { Tokens } from "../engine/tokens.ts";
import { openPostgresStore } from "../store/postgres.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { TandaError, toTandaError } from "../task/errors.ts";
import { createIdMaker } from "../task/id.ts";
import { DATABASE, openDataFolder } from "./data-folder.ts";
import { DEFAULT_OPTIONS, MEMORY } from "./options.ts";

export type TokenPlace = { readonly store: string } | { readonly data: string };
export type OpenedTokens = AsyncDisposable & { readonly tokens: Tokens; readonly audit: AuditLog };

/**
 * @param isNew whether a data folder that is not there may be made: for a first token.
 * @throws conflict while a node has the folder open; bad_request for one that is none.
 */
export async function openTokens(
  place: TokenPlace,
  env: NodeJS.ProcessEnv,
  isNew: boolean,
): Promise<OpenedTokens> {
  const store = await openStore(place, env, isNew);
  const now = Date.now;
  const tokens = new Tokens({ store: store.access, now, maxTokens: DEFAULT_OPTIONS.maxTokens });
  const audit = new AuditLog({
    store: store.access,
    log: DEFAULT_OPTIONS.log,
    now,
    makeId: createIdMaker(0, now, Math.random),
  });
  return {
    tokens,
    audit,
    async [Symbol.asyncDispose]() {
      await audit.stop();
      await store.close();
    },
  };
}

async function openStore(place: TokenPlace, env: NodeJS.ProcessEnv, isNew: boolean): Promise<Store> {
  if ("store" in place) {
    return openPostgresStore({ url: place.store, env, now: () => performance.now(), random: Math.random });
  }
  const { data } = place;
  if (data === MEMORY)
    throw new TandaError("bad_request", "a node that keeps nothing keeps no tokens", {
      hint: "Ask it while it runs, with --server; or give it a --data folder.",
    });
  const path = join(resolve(data), DATABASE);
  if (!isNew && !existsSync(path))
    throw new TandaError("bad_request", `${resolve(data)} is no data folder: there is no ${DATABASE} in it`);
  try {
    if (!existsSync(path)) await (await openDataFolder(data, null))[Symbol.asyncDispose]();
    return await openSqliteStore({ path });
  } catch (error) {
    if (toTandaError(error).code !== "conflict") throw error;
    throw new TandaError("conflict", `A node has ${resolve(data)} open: ask that node.`, {
      hint: "Leave out --data, and give --server where it listens and a token that may do all.",
      cause: error,
    });
  }
}
