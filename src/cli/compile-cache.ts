/**
 * What Node compiles of our files is kept from one start to the next. The environment tells it to threads and child processes. Where
 * it cannot be kept, nothing is lost but time.
 */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const PLACE = "NODE_COMPILE_CACHE";
/** It was us who set it: users' code is not to hand it on to what it starts. */
const IS_OURS = "TANDA_COMPILE_CACHE";

export function keepCompiled(env: NodeJS.ProcessEnv): void {
  if (env["NODE_DISABLE_COMPILE_CACHE"]) return;
  if (!env[PLACE]) {
    env[PLACE] = join(cacheFolder(env), "tanda", "compiled");
    env[IS_OURS] = "1";
  }
  enableCompileCache(env[PLACE]);
}

/** One's own: where others may write, they could have us run what they like. */
function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32") return env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  return env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
}
