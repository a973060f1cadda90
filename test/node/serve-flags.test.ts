/** What `tanda serve` says of a flag that makes no sense, and that it ends. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NODE_FLAGS } from "../../src/node/flags.ts";
import { runCli } from "../cli/run-cli.ts";
import { SAMPLES } from "./flag-samples.ts";

describe("tanda serve with a flag that makes no sense", { concurrency: 2 }, () => {
  test("takes no secret of a cluster on the command line, where `ps` would show it", async () => {
    const ran = await runCli(["serve", "--cluster-secret=known-to-the-nodes-alone"]);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^error: unknown flag --cluster-secret; did you mean --cluster-secret-file\?/);
  });

  for (const [name, { bad }] of SAMPLES) {
    // A switch has no value to be wrong but in the environment.
    if (bad.length === 0 || NODE_FLAGS.find((flag) => flag.name === name)?.value === undefined) continue;
    test(`ends with 2 for --${name}, names it and says what to write`, async () => {
      const ran = await runCli([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        ":memory:",
        `--${name}=${bad[0]!}`,
      ]);
      assert.equal(ran.code, 2, ran.stdout + ran.stderr);
      assert.equal(ran.stdout, "");
      const [said, hint, ...rest] = ran.stderr.trimEnd().split("\n");
      assert.match(
        said!,
        new RegExp(`^error: bad_request: .*--${name}|^error: bad_request: The data folder`),
      );
      assert.ok(hint!.length > 10 && rest.length === 0, ran.stderr);
      if (name === "data") assert.match(hint!, /--data/);
    });
  }

  test("tells it as JSON with --json", async () => {
    const ran = await runCli(["serve", "--json", "--threads", "none"]);
    assert.equal(ran.code, 2);
    const { status, error } = JSON.parse(ran.stdout) as { status: string; error: Record<string, string> };
    assert.deepEqual([status, error["code"]], ["failed", "bad_request"]);
    assert.match(error["message"]!, /--threads/);
    assert.ok(error["hint"]);
  });

  test("says which one was meant when it knows none of that name", async () => {
    for (const [typed, meant] of [
      ["--thread=3", "--threads"],
      ["--maxqueued=3", "--max-queued"],
      ["--lisen=9000", "--listen"],
    ] as const) {
      const ran = await runCli(["serve", typed]);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, new RegExp(`unknown flag ${typed.split("=")[0]}; did you mean ${meant}\\?`));
    }
    assert.match((await runCli(["serve", "--zzzzzz"])).stderr, /unknown flag --zzzzzz\n/);
  });

  test("refuses an unknown log level, from a flag and from the environment, and --watch without a file", async () => {
    const levels = /--log-level is one of debug, info, warn, error, silent, not "loud"/;
    assert.match((await runCli(["serve", "--log-level", "loud"])).stderr, levels);
    const byEnv = await runCli(["serve"], { env: { TANDA_LOG_LEVEL: "loud" } });
    assert.deepEqual([byEnv.code, levels.test(byEnv.stderr)], [2, true]);
    const watching = await runCli(["serve", "--watch"]);
    assert.equal(watching.code, 2);
    assert.match(watching.stderr, /--watch needs --actions FILE/);
  });
});
