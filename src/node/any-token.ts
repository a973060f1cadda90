/** A node that nobody could be let into does not start, and says how to make a token. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { needsToken, noToken } from "../gateway/listen.ts";
import type { Store } from "../store/store.ts";
import { isLive } from "../task/access.ts";
import { TandaError } from "../task/errors.ts";
import { DATABASE } from "./data-folder.ts";
import { MEMORY, type CheckedOptions } from "./options.ts";

/** Before anything is opened or made: a folder that is not there has no tokens. @throws bad_request */
export function checkPlaceOfTokens(options: CheckedOptions): void {
  if (!hangsOnStore(options) || options.store !== null) return;
  if (options.data === MEMORY || !existsSync(join(options.data, DATABASE)))
    throw noToken(options.listen, placeOf(options));
}

/** @throws bad_request when nobody could be let in. */
export async function checkAnyToken(options: CheckedOptions, store: Pick<Store, "access">): Promise<void> {
  if (!hangsOnStore(options)) return;
  const now = Date.now();
  if ((await store.access.tokens()).some((token) => isLive(token, now))) return;
  throw noToken(options.listen, placeOf(options));
}

/** Whether somebody can be let in by a token of the store alone. @throws bad_request */
function hangsOnStore(options: CheckedOptions): boolean {
  if (options.listen.length === 0 || options.token !== null || !needsToken(options)) return false;
  if (options.peers.length === 0) return true;
  // Then it learns of tokens from its peers, and lets nobody in before.
  if (options.clusterSecret !== null) return false;
  throw new TandaError(
    "bad_request",
    "the nodes of a cluster speak to each other with a token, and there is none",
    {
      hint: "Give all of them the same --cluster-secret-file, or the same TANDA_TOKEN.",
    },
  );
}

/** As `tanda token` is told of it. */
function placeOf({ data, store }: CheckedOptions): string | null {
  if (store !== null) return `--store ${quoted(withoutPassword(store))}`;
  return data === MEMORY ? null : `--data ${quoted(data)}`;
}

function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/?]*):[^@/?]*@/i, "$1@");
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./:@,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
