/** What `tanda serve` shows, at a terminal and elsewhere. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Lines } from "./lines.ts";
import { Place, ROOT } from "./serve-process.ts";

const execute = promisify(execFile);
const fixtures = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));
/** A netcat of the machine comes first; ours is for those without. */
const path = `${process.env["PATH"]}${delimiter}${fileURLToPath(new URL("./fixtures/bin", import.meta.url))}`;
const COLOUR = "\u001B[";
const LINE_TO_TRY = /^ {4}(\S.*)$/gm;
const TOKEN = "a-token-of-24-letters-%s\\n";

/** As a person would: in a shell, in the folder of the checkout. @returns what it printed. */
async function tryLine(line: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const all = { ...process.env, PATH: path, NO_COLOR: "1", ...env };
  return (await execute("sh", ["-c", line], { cwd: ROOT, env: all, timeout: 30_000 })).stdout;
}

describe("tanda serve at a terminal", () => {
  test("says where it listens and where tasks are kept, and each line to try answers", async () => {
    using place = new Place();
    await using serve = place.serve({ isTerminal: true });
    await serve.until(/Ctrl\+C stops it/);
    const port = await serve.listening();
    const text = serve.text;
    assert.match(
      text,
      new RegExp(`Tanda \\S+ listens on 127\\.0\\.0\\.1:${port}\\. Tasks are kept in ${place.data}\\.`),
    );
    const lines = [...text.matchAll(LINE_TO_TRY)].map((match) => match[1]!);
    assert.equal(lines.length, 3, text);
    const [inline, http, cli] = lines as [string, string, string];
    assert.match(inline, /\bnc\b/);
    assert.equal((await tryLine(inline)).split("\n")[0], "HOLA");
    assert.match(http, /^curl /);
    assert.equal((JSON.parse(await tryLine(http)) as { result: unknown }).result, "HOLA");
    assert.match(cli, /^npx tanda /);
    assert.equal((await tryLine(cli)).trim(), "832040");
    assert.deepEqual(await serve.until(/^.*fib done.*$/m).then(({ length }) => length), 1);
  });

  test("with a token the lines take it from the environment, answer, and do not show it", async () => {
    using place = new Place();
    await using serve = place.serve({ isTerminal: true, env: { TANDA_TOKEN: TOKEN } });
    await serve.until(/Ctrl\+C stops it/);
    assert.match(serve.text, /Three things to try, in another terminal, where TANDA_TOKEN is set/);
    const lines = [...serve.text.matchAll(LINE_TO_TRY)].map((match) => match[1]!);
    assert.ok(!serve.raw.includes(TOKEN));
    const answers = await Promise.all(lines.map((line) => tryLine(line, { TANDA_TOKEN: TOKEN })));
    assert.deepEqual(answers[0]!.split("\n").slice(0, 2), ["ok", "HOLA"]);
    assert.equal((JSON.parse(answers[1]!) as { result: unknown }).result, "HOLA");
    assert.equal(answers[2]!.trim(), "832040");
    // Without it nobody is let in: it was the token that opened.
    assert.match(await tryLine(lines[0]!, { TANDA_TOKEN: "" }), /unauthorized/);
  });

  test("keeps nothing and says so with --data :memory:, and shows no line that a PROXY listener would refuse", async () => {
    using place = new Place();
    await using serve = place.serve({
      isTerminal: true,
      args: ["--data", ":memory:", "--listen", "127.0.0.1:0,proxy"],
    });
    await serve.until(/Ctrl\+C stops it/);
    assert.match(serve.text, /Nothing is kept\./);
    assert.doesNotMatch(serve.text, LINE_TO_TRY);
  });

  test("writes one readable line for each event, in colours", async () => {
    using place = new Place();
    await using serve = place.serve({ isTerminal: true, args: ["--actions", fixtures] });
    using lines = await Lines.open(await serve.listening());
    await serve.until(/Ctrl\+C stops it/);
    assert.ok(serve.raw.includes(COLOUR));
    const { length } = serve.text;
    await lines.ask({ action: "upper", payload: "hola" });
    const failed = await lines.ask({ action: "flaky", payload: { failures: 9, name: "x" }, options: {} });
    assert.equal(failed.status, "failed");
    await serve.until(/flaky failed/);
    const events = serve.text.slice(length).trim().split("\n");
    assert.equal(events.length, 2, events.join("\n"));
    assert.match(events[0]!, /^\d\d:\d\d:\d\d upper done in \d+ms {2}task=[\da-f-]{36}$/);
    assert.match(
      events[1]!,
      /^\d\d:\d\d:\d\d warn flaky failed in \d+ms {2}task=[\da-f-]{36} code=task_error error="failed on attempt 1" at=\S+fixtures\/actions\.ts:\d+:\d+$/,
    );
  });

  test("leaves colours away where NO_COLOR asks for it", async () => {
    using place = new Place();
    await using serve = place.serve({ isTerminal: true, env: { NO_COLOR: "1" } });
    await serve.until(/Ctrl\+C stops it/);
    assert.ok(!serve.raw.includes(COLOUR), JSON.stringify(serve.raw));
  });
});

describe("tanda serve without a terminal", () => {
  test("writes one JSON object for each event and nothing else, without colours even if they are forced elsewhere", async () => {
    using place = new Place();
    await using serve = place.serve({ args: ["--actions", fixtures], env: { COLORTERM: "truecolor" } });
    using lines = await Lines.open(await serve.listening());
    await lines.ask({ action: "upper", payload: "hola" });
    await lines.ask({ action: "flaky", payload: { failures: 9, name: "x" } });
    await serve.until(/flaky failed/);
    serve.signal("SIGTERM");
    assert.equal(await serve.exited, 0);
    assert.ok(!serve.raw.includes(COLOUR));
    const events = serve.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; time: number; pid: number; listen?: string[] });
    assert.deepEqual(
      events.map(({ msg }) => msg.replace(/ in \d+ms$/, "")),
      [
        "tanda listens",
        "upper done",
        "flaky failed",
        "stopping: no new work, running tasks end; again ends at once",
        "stopped",
      ],
    );
    for (const { time, pid } of events) assert.deepEqual([pid, typeof time], [serve.pid, "number"]);
    assert.match(events[0]!.listen![0]!, /^127\.0\.0\.1:\d+$/);
    for (const line of serve.text.trimEnd().split("\n")) {
      const names = [...line.matchAll(/[{,]"(\w+)":/g)].map((match) => match[1]);
      assert.equal(new Set(names).size, names.length, `a name is there twice: ${line}`);
    }
  });

  test("--log-level holds back what is below it", async () => {
    using place = new Place();
    await using serve = place.serve({
      args: ["--actions", fixtures, "--log-level", "debug"],
      env: { TANDA_LOG_LEVEL: "error" },
    });
    await serve.listening();
    await using quiet = place.serve({
      args: ["--data", ":memory:", "--actions", fixtures],
      env: { TANDA_LOG_LEVEL: "warn", TANDA_LISTEN: "ignored: the flag wins" },
    });
    // The first words of a quiet one come with the first failure; its port is not told, so it is asked to stop instead.
    while (!(quiet.pid > 0)) await new Promise((resolve) => setTimeout(resolve, 10));
    while (place.leftovers.filter((name) => name.startsWith("tanda-blobs-")).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    quiet.signal("SIGTERM");
    assert.equal(await quiet.exited, 0);
    assert.equal(quiet.text, "");
  });
});
