/** bin/tanda.js under a Node that is too old is a wrapper; what it starts must not outlive it. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("a node whose wrapper was killed drains and ends", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "tanda-wrapped-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  const args = ["serve", "--listen", "127.0.0.1:0", "--data", data];
  const child = fork(main, args, { silent: true, env: { ...process.env, TANDA_WRAPPED: "1" } });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  const listening = new Promise<void>((resolve) => {
    child.stdout!.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      if (text.includes("tanda listens")) resolve();
    });
  });
  await listening;
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.match(text, /SIGTERM/);
});

test("a channel that somebody else opened is left alone", async (t) => {
  const env = { ...process.env };
  delete env["TANDA_WRAPPED"];
  const child = fork(main, ["version"], { silent: true, env });
  t.after(() => child.kill("SIGKILL"));
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
