/** `tanda dev` as a person and as CI call it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCli } from "./run-cli.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../dev/fixtures/actions.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tanda-dev-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("--chaos --once, for CI", () => {
  test("handlers that are fine are told so, exit code 0; the seed is told too", async () => {
    const { code, stdout } = await runCli([
      "dev",
      FIXTURES,
      "--chaos",
      "--once",
      "--run",
      "pure a b",
      "--run",
      "slow x",
    ]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /pure {2}submitted$/m);
    assert.match(stdout, /pure {2}ended, and its end is thrown away: it comes again$/m);
    assert.match(stdout, /pure {2}done in \d+ms {2}\{"length":3,"reversed":\["b","a"\]\}$/m);
    assert.match(stdout, /^ACTION +TASKS +RUNS +REPEATS +KILLED +LOST ACKS +ABORTED +FAILED$/m);
    assert.match(stdout, /^✓ pure is fine: 1 task in \d runs/m);
    assert.match(stdout, /^✓ slow is fine: 1 task in \d runs, the same results, nothing done twice$/m);
    const [, seed] = /^Trouble is made on purpose, by the seed (\d+)\.$/m.exec(stdout)!;
    assert.ok(stdout.includes(`The same trouble again: --seed ${seed}`));
  });

  test("one that differs is exit code 1, with what to do; as JSON for programs", async () => {
    const file = join(folder, "tasks.jsonl");
    writeFileSync(
      file,
      '{"action":"random"}\n\n{"action":"pure","payload":"x","options":{"priority":"high"}}\n',
    );
    const args = ["dev", FIXTURES, "--chaos", "--once", "--file", file, "--seed", "7", "--json"];
    const { code, stdout } = await runCli(args);
    assert.equal(code, 1);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    for (const type of ["ready", "state", "lost", "finding", "report"])
      assert.ok(
        lines.some((line) => line.type === type),
        type,
      );
    type Report = {
      seed: number;
      isFine: boolean;
      actions: { action: string; verdict: string; faults: object[] }[];
    };
    const { seed, isFine, actions } = lines.at(-1) as unknown as Report;
    assert.deepEqual([seed, isFine], [7, false]);
    assert.deepEqual(
      actions.map(({ action, verdict, faults }) => [action, verdict, faults.length]),
      [
        ["random", "differs", 1],
        ["pure", "fine", 0],
      ],
    );
  });

  test("the same seed makes the same trouble", async () => {
    const runs = Array.from({ length: 6 }, (_, n) => ["--run", `slow ${n}`]).flat();
    const trouble = async (seed: string): Promise<string[]> => {
      const args = ["dev", FIXTURES, "--chaos", "--once", ...runs, "--seed", seed, "--json"];
      const { stdout } = await runCli(args);
      const lines = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; by?: string });
      return lines
        .filter(({ type }) => ["lost", "killed"].includes(type))
        .map(({ type, by }) => `${type} ${by}`);
    };
    const [one, again] = [await trouble("11"), await trouble("11")];
    assert.deepEqual(one, again);
    assert.ok(one.length >= 3, one.join());
  });

  test("a task that fails is exit code 1, also without --chaos", async () => {
    const { code, stderr, stdout } = await runCli(["dev", FIXTURES, "--once", "--run", "exits"]);
    assert.equal(code, 1);
    assert.match(stderr, /error: exits: .*process\.exit\(3\)/);
    assert.match(stdout, /exits {2}failed in \d+ms: crashed: /);
    assert.doesNotMatch(stdout, /ACTION/);
  });

  test("what makes no sense is told before anything starts, exit code 2", async () => {
    writeFileSync(join(folder, "bad.jsonl"), '{"action":"pure"}\n{"task":1}\n');
    for (const [args, said] of [
      [["--once"], /--once needs --run or --file/],
      [["--once", "--run", " "], /--run takes 'ACTION PAYLOAD'/],
      [["--file", join(folder, "bad.jsonl")], /bad\.jsonl:2 names no action/],
      [["--file", join(folder, "none.jsonl")], /cannot read .*none\.jsonl: it is not there/],
      [["--tasks", "0"], /--tasks takes a whole number of at least 1/],
      [[join(folder, "none.ts")], /no such file/],
      [["--listen", "0.0.0.0:0"], /no token/],
    ] as const) {
      const { code, stderr } = await runCli(["dev", ...args]);
      assert.match(stderr, said);
      assert.equal(code, 2, args.join(" "));
    }
  });
});

describe("while one writes handlers", () => {
  const said = (answer: string): string =>
    `export default { say: { run: (_, { log, progress }) => { log("hello"); progress(1); return ${JSON.stringify(answer)}; } } };\n`;
  /** Whole at once: a reader between truncation and writing would see an empty file. */
  const replace = (file: string, text: string): void => {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  };

  test("each task's life is shown, the file is loaded anew, and Ctrl+C ends with the report", async () => {
    const file = join(folder, "actions.ts");
    replace(file, said("one"));
    // What the environment says is meant for real nodes.
    const env = { ...process.env, NO_COLOR: "1", TANDA_STORE: "postgres://127.0.0.1:1/nothing" };
    const args = [MAIN, "dev", "--chaos", "--listen", "127.0.0.1:0", "--seed", "4"];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (more: string) => (text += more));
    const closed = once(child, "close");
    const until = async (wanted: RegExp): Promise<RegExpExecArray> => {
      for (const end = Date.now() + 60_000; ;) {
        const found = wanted.exec(text);
        if (found !== null) return found;
        assert.ok(Date.now() < end && child.exitCode === null, `${wanted} did not come:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    try {
      const [, address] = await until(/actions\.ts on (127\.0\.0\.1:\d+); Ctrl\+C ends\./);
      const say = (): ReturnType<typeof runCli> => runCli(["run", "say"], { server: `tanda://${address}` });
      assert.equal((await say()).stdout, "one\n");
      for (const line of ["submitted", "started", "info: hello", "progress 1", 'done in \\d+ms {2}"one"'])
        await until(new RegExp(`  say  ${line}$`, "m"));
      replace(file, "export default {");
      await until(/did not load.*the old actions go on/);
      replace(file, said("two"));
      await until(/was loaded anew/);
      assert.equal((await say()).stdout, "two\n");
      child.kill("SIGINT");
      assert.deepEqual(await closed, [0, null]);
      assert.match(text, /^say +2 +\d+ /m);
      assert.match(text, /✓ say is fine: 2 tasks/);
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("--tasks N ends it after so many", async () => {
    const { code, stdout } = await runCli([
      "dev",
      FIXTURES,
      "--listen",
      "127.0.0.1:0",
      "--tasks",
      "2",
      "--run",
      "pure a",
      "--run",
      "upper b",
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /upper {2}done in \d+ms {2}"B"/);
  });
});
