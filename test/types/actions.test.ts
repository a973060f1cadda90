import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

function compile(project: string): Promise<{ code: number; output: string }> {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "--noEmit", "-p", project], { cwd: root }, (error, stdout) => {
      resolve({ code: error ? 1 : 0, output: stdout });
    });
  });
}

test("a wrong payload does not compile, a right one does, and results have their types", async () => {
  const { code, output } = await compile("test/types");
  assert.equal(code, 0, output);
});

test("the client for browsers compiles with the types of a browser and none of Node", async () => {
  const { code, output } = await compile("src/client");
  assert.equal(code, 0, output);
});
