/** What is compiled is kept in the user's cache, for our programs alone. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Lines } from "../e2e/lines.ts";
import { Place } from "../e2e/serve-process.ts";
import { runCli } from "./run-cli.ts";

/** Home and cache of nobody else. */
function home(t: TestContext): { path: string; kept: string; env: Record<string, string> } {
  const path = mkdtempSync(join(tmpdir(), "tanda-home-"));
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const isMac = process.platform === "darwin";
  const kept = isMac ? join(path, "Library/Caches/tanda/compiled") : join(path, "cache/tanda/compiled");
  const env = { HOME: path, XDG_CACHE_HOME: join(path, "cache"), NODE_COMPILE_CACHE: "" };
  return { path, kept, env };
}

test("a command keeps what was compiled in the user's cache", async (t) => {
  const { kept, env } = home(t);
  assert.equal((await runCli(["version"], { env })).code, 0);
  const [version] = readdirSync(kept);
  assert.ok(readdirSync(join(kept, version!)).length > 5);
});

test("NODE_COMPILE_CACHE says where else, NODE_DISABLE_COMPILE_CACHE that nothing is kept", async (t) => {
  const { path, kept, env } = home(t);
  const elsewhere = join(path, "elsewhere");
  assert.equal((await runCli(["version"], { env: { ...env, NODE_COMPILE_CACHE: elsewhere } })).code, 0);
  assert.ok(existsSync(elsewhere));
  assert.equal((await runCli(["version"], { env: { ...env, NODE_DISABLE_COMPILE_CACHE: "1" } })).code, 0);
  assert.equal(existsSync(kept), false);
});

test("a command works where nothing can be kept", async (t) => {
  const { path, env } = home(t);
  writeFileSync(join(path, "file"), "");
  const ran = await runCli(["version"], {
    env: { ...env, HOME: join(path, "file"), XDG_CACHE_HOME: join(path, "file") },
  });
  assert.equal(ran.code, 0);
  assert.equal(ran.stderr, "");
});

test("handlers do not hand the cache on to what they start, unless the user set it", async (t) => {
  const { path, env } = home(t);
  const file = join(path, "actions.mjs");
  writeFileSync(file, `export default { cache: { run: () => process.env.NODE_COMPILE_CACHE ?? null } };\n`);
  const told = async (more: Record<string, string>): Promise<unknown> => {
    using place = new Place();
    await using serve = place.serve({ args: ["--actions", file], env: { ...env, ...more } });
    using lines = await Lines.open(await serve.listening());
    return (await lines.ask({ action: "cache" })).result?.data;
  };
  assert.equal(await told({}), null);
  const own = join(path, "own");
  assert.equal(await told({ NODE_COMPILE_CACHE: own }), own);
});
