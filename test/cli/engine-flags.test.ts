import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const FLAGS = new URL("../../src/cli/engine-flags.ts", import.meta.url).href;

/** An engine that does not know a flag says so, and goes on without it. */
function said(script: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return (stdout + stderr).trim();
}

test("this engine knows the flags that are set, and would say so if it did not", () => {
  assert.equal(
    said(`for (const set of Object.values(await import("${FLAGS}"))) set(); console.log("set")`),
    "set",
  );
  assert.match(
    said('import { setFlagsFromString as set } from "node:v8"; set("--heap-growing-per-mille=4000")'),
    /unrecognized flag/,
  );
});
