import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GuardedProcess, type GuardedOptions } from "../../src/up/guarded-process.ts";
import { isAlive } from "../e2e/serve-process.ts";

const MODULE = fileURLToPath(new URL("../../src/up/guarded-process.ts", import.meta.url));

function place(t: TestContext): GuardedOptions {
  const folder = mkdtempSync(join(tmpdir(), "tanda-guarded-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { user: null, env: process.env, logFile: join(folder, "out.log") };
}

async function pidOf(guarded: GuardedProcess): Promise<number> {
  await guarded.started;
  return guarded.pid!;
}

async function untilGone(pid: number): Promise<void> {
  for (let left = 400; left > 0 && isAlive(pid); left--) await sleep(20);
  assert.ok(!isAlive(pid), `${pid} still runs`);
}

test("tells how the program ended, and takes with it what that left running", async (t) => {
  const options = place(t);
  const guarded = new GuardedProcess("sh", ["-c", "sleep 600 & echo $!; echo words >&2; exit 7"], options);
  assert.deepEqual(await guarded.ended, { code: 7, signal: null });
  const [helper, words] = readFileSync(options.logFile, "utf8").split("\n");
  assert.equal(words, "words");
  await untilGone(Number(helper));
});

test("a program that is killed, or told to stop, ends with that signal", async (t) => {
  const one = new GuardedProcess("sleep", ["600"], place(t));
  process.kill(await pidOf(one), "SIGKILL");
  assert.deepEqual(await one.ended, { code: null, signal: "SIGKILL" });
  const other = new GuardedProcess("sleep", ["600"], place(t));
  await pidOf(other);
  assert.ok(other.signal("SIGTERM"));
  assert.deepEqual(await other.ended, { code: null, signal: "SIGTERM" });
  assert.equal(other.signal("SIGTERM"), false);
});

test("end and kill resolve when it is gone", async (t) => {
  for (const how of ["end", "kill"] as const) {
    const guarded = new GuardedProcess("sh", ["-c", "trap '' TERM INT; sleep 600; sleep 600"], place(t));
    const pid = await pidOf(guarded);
    await guarded[how]();
    await untilGone(pid);
  }
});

test("a program that does not exist has an ending like any other", async (t) => {
  const guarded = new GuardedProcess("/nowhere/at-all", [], place(t));
  assert.deepEqual(await guarded.ended, { code: 127, signal: null });
});

test("when its guard is killed, the program goes too", async (t) => {
  const guarded = new GuardedProcess("sleep", ["600"], place(t));
  const pid = await pidOf(guarded);
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
  process.kill(parent, "SIGKILL");
  assert.deepEqual(await guarded.ended, { code: null, signal: null });
  await untilGone(pid);
});

test("nothing outlives the process that started it, also when that is killed", async (t) => {
  const { logFile } = place(t);
  const script = `import { GuardedProcess } from ${JSON.stringify(MODULE)};
    const guarded = new GuardedProcess("sh", ["-c", "sleep 600 & wait"], { user: null, env: process.env, logFile: ${JSON.stringify(logFile)} });
    setInterval(() => { if (guarded.pid) console.log(guarded.pid); }, 10);`;
  const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => parent.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  assert.ok(isAlive(Number(line)));
  parent.kill("SIGKILL");
  await untilGone(Number(line));
});
