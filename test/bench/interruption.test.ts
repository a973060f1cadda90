import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

/** Of all processes whose environment has the mark. */
function marked(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
    } catch {
      return false;
    }
  });
}

for (const [what, measure] of [
  ["a node", "W1 tanda"],
  ["a process of a peer", "fdatasync"],
] as const) {
  test(`interrupted while it measures ${what}, it leaves neither a process nor a folder`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tanda-bench-test-"));
    try {
      const child = spawn(process.execPath, [main, "peers", measure, "--rounds", "1000"], {
        env: { ...process.env, TMPDIR: folder },
        stdio: "ignore",
      });
      const exited = once(child, "exit");
      // The bench, and one that it has started.
      while (readdirSync(folder).length === 0 || marked(`TMPDIR=${folder}`).length < 2) await delay(20);
      // As under npm: from the terminal, and from npm.
      child.kill("SIGINT");
      await delay(20);
      child.kill("SIGINT");
      assert.deepEqual(await exited, [130, null]);
      assert.deepEqual(marked(`TMPDIR=${folder}`), []);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
