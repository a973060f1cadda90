import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { openBlobs } from "./fixtures/blobs.ts";
import { codeOf, PoolDriver, resultOf } from "./driver.ts";
import { openProcessPool } from "./open-process-pool.ts";
import { until } from "../until.ts";

const BLOB_MODULE = new URL("./fixtures/blobs.ts", import.meta.url).href;

const ONLY_LINUX = process.platform === "linux" ? false : "a thread has a priority of its own on Linux only";

async function temporaryDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tanda-test-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("200 in hand when their process dies: each is told so once, and another process goes on", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  const { pid } = pool;
  const sent = driver.sendMany(
    "later",
    Array.from({ length: 200 }, () => 30_000),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(pid!, "SIGKILL");
  for (const { ended } of sent) {
    const ending = await ended;
    assert.ok(ending.type === "died" && !ending.wasAlone, JSON.stringify(ending));
    assert.equal(ending.error.code, "crashed");
    assert.match(ending.error.message, /SIGKILL/);
  }
  assert.equal(resultOf(await driver.insist("upper", "on")), "ON");
  assert.notEqual(pool.pid, pid);
  assert.equal(driver.repeats, 0);
});

test("handlers come behind the node where processors are short", { skip: ONLY_LINUX }, async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  assert.equal(resultOf(await driver.insist("priority", null)), getPriority() + 5);
});

test("the terminal's Ctrl+C and a service manager's SIGTERM do not touch the pool process", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  const { pid } = pool;
  const sent = driver.send("single", 200);
  process.kill(pid!, "SIGINT");
  process.kill(pid!, "SIGTERM");
  assert.equal(resultOf(await sent.ended), "single");
  assert.equal(pool.pid, pid);
});

test("a pool process that stands still is killed a second after a deadline", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  const pid = pool.pid!;
  process.kill(pid, "SIGSTOP");
  const [late, beside] = [driver.ask("obedient", 30_000, { timeoutMs: 100 }), driver.ask("later", 10)];
  assert.equal(codeOf(await late), "timed_out");
  assert.equal((await beside).type, "returned");
  assert.equal(resultOf(await driver.insist("upper", "on")), "ON");
  assert.equal(isAlive(pid), false);
});

test("a killed parent leaves no process behind, even while its threads spin", async (t) => {
  const parent = spawn(
    process.execPath,
    [fileURLToPath(new URL("./fixtures/parent-that-spins.ts", import.meta.url))],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TMPDIR: await temporaryDir(t) } },
  );
  t.after(() => parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout.setEncoding("utf8"), "data")) as [string];
  const pid = Number(line);
  assert.ok(isAlive(pid));
  await new Promise((resolve) => setTimeout(resolve, 100));
  parent.kill("SIGKILL");
  await until("the orphan ends", () => !isAlive(pid));
});

test("what a killed node left in the folder of temporary files is tidied up, what is in use is not", async (t) => {
  const parent = await temporaryDir(t);
  const [dead, alive] = [join(parent, "tanda-pool-dead"), join(parent, "tanda-pool-alive")];
  for (const dir of [dead, alive]) await mkdir(dir);
  const server = createServer().listen(join(alive, "threads"));
  t.after(() => server.close());
  await once(server, "listening");
  const old = new Date(Date.now() - 3_600_000);
  for (const dir of [dead, alive]) await utimes(dir, old, old);
  const script = `import { openProcessPool } from ${JSON.stringify(new URL("./open-process-pool.ts", import.meta.url).href)};
    const pool = openProcessPool(); await pool.start(); await pool.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: "inherit",
    env: { ...process.env, TMPDIR: parent },
  });
  const [code] = (await once(child, "exit")) as [number];
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(parent), ["tanda-pool-alive"]);
});

test("close leaves neither process nor folder", async () => {
  const driver = new PoolDriver(openProcessPool());
  const before = new Set(readdirSync(tmpdir()));
  await driver.pool.start();
  const made = readdirSync(tmpdir()).filter((name) => name.startsWith("tanda-pool-") && !before.has(name));
  assert.ok(made.length >= 1);
  const pid = driver.pool.pid!;
  driver.sendMany("spin", [null, null]);
  await driver.pool.close();
  assert.equal(isAlive(pid), false);
  assert.equal(driver.pool.pid, null);
  assert.ok(made.some((name) => !existsSync(join(tmpdir(), name))));
});

test(
  "an idle pool process takes no time of the processor",
  { skip: process.platform !== "linux" },
  async (t) => {
    const driver = new PoolDriver(openProcessPool());
    await using pool = driver.pool;
    await pool.start();
    await driver.ask("upper", "x");
    const ticks = (): number => {
      const fields = readFileSync(`/proc/${pool.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const from = ticks();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    t.diagnostic(`${(ticks() - from) * 10} ms of processor in a second`);
    assert.ok(ticks() - from <= 10);
    assert.equal(readFileSync(`/proc/${pool.pid}/oom_score_adj`, "utf8").trim(), "1000");
  },
);

test("reload brings the file's new state; what runs ends as it began", async (t) => {
  const file = join(await temporaryDir(t), "actions.mjs");
  const write = (word: string): Promise<void> =>
    writeFile(
      file,
      `export default { say: { run: async (ms) => { await new Promise((r) => setTimeout(r, ms)); return "${word}"; } } };`,
    );
  await write("old");
  const driver = new PoolDriver(openProcessPool({ actionsFile: file }));
  await using pool = driver.pool;
  await pool.start();
  const running = driver.send("say", 800);
  await driver.insist("upper", "x");
  await write("new");
  assert.ok((await pool.reload()).some(({ name }) => name === "say"));
  assert.equal(resultOf(await driver.insist("say", 0)), "new");
  assert.equal(resultOf(await running.ended), "old");
  await writeFile(file, "export default { say: { run: 7 } };");
  await assert.rejects(pool.reload(), /action "say" has no `run` function/);
  await writeFile(file, "export default {{{");
  await assert.rejects(pool.reload(), /actions\.mjs did not load: SyntaxError/);
  assert.equal(resultOf(await driver.insist("say", 0)), "new");
});

test("start rejects with what is wrong with the file, and leaves nothing", async (t) => {
  const dir = await temporaryDir(t);
  const start = async (text: string | null): Promise<void> => {
    const file = join(dir, `${Math.random()}.mjs`);
    if (text !== null) await writeFile(file, text);
    await openProcessPool({ actionsFile: file }).start();
  };
  await assert.rejects(start(null), /did not load: .*Cannot find module/);
  await assert.rejects(start("export default [];"), /no object of actions/);
  await assert.rejects(start("throw new Error('at load')"), /at load/);
  await assert.rejects(start("process.exit(5)"), /process\.exit\(5\)/);
  await assert.rejects(
    start("export default { a: { run() {}, timout: 1 } }"),
    (error: { message: string; hint?: string }) =>
      /unknown option `timout`/.test(error.message) && /timeout/.test(error.hint ?? ""),
  );
});

test("large payloads and results pass through blobs; handlers read and keep them", async (t) => {
  const dir = await temporaryDir(t);
  const blobs = openBlobs(dir);
  const driver = new PoolDriver(openProcessPool({ blobs: { module: BLOB_MODULE, options: dir } }));
  await using pool = driver.pool;
  await pool.start();
  const text = `hola ${"ñ".repeat(100_000)}`;
  const payload = await blobs.put(JSON.stringify(text));
  const echoed = await driver.ask("echo", null, { payloadBlob: payload.id });
  assert.ok(echoed.type === "done" && echoed.result === null);
  assert.deepEqual(echoed.resultBlob, payload);
  const small = await driver.ask("large", 60_000);
  assert.ok(small.type === "done" && small.result?.length === 60_002 && small.resultBlob === null);

  const file = await blobs.put("the text in it");
  const read = resultOf(await driver.ask("blobText", { file: { $blob: file.id } })) as Record<
    string,
    unknown
  >;
  assert.equal(read["text"], "the text in it");
  assert.equal(read["bytes"], 14);
  assert.equal(codeOf(await driver.ask("blobText", { file: { $blob: "0".repeat(64) } })), "invalid_input");
  const kept = resultOf(await driver.ask("keepBlob", "kept")) as { $blob: string; bytes: number };
  assert.equal((await blobs.stat(kept.$blob)).bytes, 4);
});

test("what handlers print reaches the log, and nothing else", async () => {
  const printed: string[] = [];
  const driver = new PoolDriver(
    openProcessPool({ onLog: ({ stream, text }) => void printed.push(stream, text) }),
  );
  await using pool = driver.pool;
  await pool.start();
  assert.equal(resultOf(await driver.ask("print")), "printed");
  await until("the line arrives", () => printed.join("").includes("printed by a handler"));
  assert.ok(printed.includes("stdout"));
});

test("many runs at once come back right, each once", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  const count = 20_000;
  const endings = await Promise.all(
    driver
      .sendMany(
        "upper",
        Array.from({ length: count }, (_, n) => `ñ${n}`),
      )
      .map(({ ended }) => ended),
  );
  for (const [n, ending] of endings.entries())
    if (ending.type !== "returned") assert.equal(resultOf(ending), `Ñ${n}`);
  assert.ok(endings.filter(({ type }) => type === "done").length > count / 2);
  assert.equal(driver.repeats, 0);
});
