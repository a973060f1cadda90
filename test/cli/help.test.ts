import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { generalHelp, verbHelp } from "../../src/cli/help.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { loadVerb, VERB_NAMES } from "../../src/cli/verb-table.ts";
import { runCli } from "./run-cli.ts";

describe("every verb explains itself", () => {
  for (const name of VERB_NAMES) {
    test(`${name} has a summary that is a sentence, a usage and an example of itself`, async () => {
      const verb = await loadVerb(name);
      assert.equal(verb.name, name);
      assert.match(verb.summary, /^[A-Z].{10,}\.$/);
      assert.ok(verb.usage.length > 0);
      for (const usage of verb.usage) assert.ok(usage.split(" ")[0] === name, usage);
      assert.ok(verb.examples.length > 0);
      assert.ok(verb.examples.some(({ command }) => command.includes(`tanda ${name}`)));
      for (const { says } of verb.examples) assert.ok(says.length > 5, says);
      for (const [flag, { says }] of Object.entries(verb.flags)) assert.ok(says.length > 5, flag);
      assert.ok(verb.words.max >= verb.words.min);
    });
  }

  test("there is a file for each verb and a verb for each file", () => {
    const files = readdirSync(new URL("../../src/cli/verbs", import.meta.url)).map((file) =>
      file.replace(".ts", ""),
    );
    assert.deepEqual(files.sort(), [...VERB_NAMES].sort());
  });
});

test("help lists every verb with its summary and the exit codes", async () => {
  const { code, stdout } = await runCli(["help"]);
  assert.equal(code, 0);
  for (const name of VERB_NAMES) {
    const { summary } = await loadVerb(name);
    assert.match(stdout, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"));
  }
  assert.match(stdout, /^ {2}6 {2}timed out waiting/m);
});

test("`help VERB` and `VERB --help` say the same, with usage, examples and flags", async () => {
  const [one, other] = await Promise.all([runCli(["help", "run"]), runCli(["run", "--help"])]);
  assert.equal(one.stdout, other.stdout);
  assert.equal(one.code, 0);
  assert.match(one.stdout, /tanda run ACTION \[PAYLOAD\]/);
  assert.match(one.stdout, /tanda run upper hola\n\s+prints HOLA/);
  assert.match(one.stdout, /--timeout DURATION/);
  assert.match(one.stdout, /--server URL/);
});

test("an unknown verb or flag is told with what was probably meant, exit code 2", async () => {
  const verb = await runCli(["cancle", "x"]);
  assert.equal(verb.code, 2);
  assert.match(verb.stderr, /unknown verb cancle; did you mean cancel\?/);
  const flag = await runCli(["run", "upper", "hola", "--priorty", "high"]);
  assert.equal(flag.code, 2);
  assert.match(flag.stderr, /unknown flag --priorty; did you mean --priority\?/);
  const strange = await runCli(["xyzzyx"]);
  assert.doesNotMatch(strange.stderr, /did you mean/);
});

test("what is missing, too much or of a wrong kind is told before anything is sent, exit code 2", async () => {
  for (const [args, said] of [
    [["run"], /usage: tanda run ACTION/],
    [["get", "a", "b"], /too much: b; usage: tanda get TASK/],
    [["list", "--limit", "many"], /--limit takes a whole number/],
    [["list", "--state", "lost"], /--state is one of scheduled/],
    [["list", "--since", "yesterday"], /--since is "1h" for the last hour, .* not "yesterday"/],
    [["run", "fib", "--timeout"], /--timeout needs a value/],
    [["run", "fib", "--json=yes"], /--json takes no value/],
    [["run", "fib", "-5"], /write -- before it/],
    [["queue", "pase", "x"], /did you mean queue pause/],
    [["workers", "drian", "3"], /did you mean workers drain/],
    [["workers", "drain"], /which worker\? tanda workers drain WORKER/],
    [["run", "echo", "@/nowhere/at/all", "-s", "tanda://127.0.0.1:1"], /./],
  ] as const) {
    const { code, stderr } = await runCli(args);
    assert.match(stderr, said);
    assert.equal(code, args[2]?.startsWith("@") ? 3 : 2, args.join(" "));
  }
});

test("version prints the package's version", async () => {
  const { default: own } = await import("../../package.json", { with: { type: "json" } });
  assert.equal((await runCli(["version"])).stdout, `tanda ${own.version} (node ${process.versions.node})\n`);
  assert.deepEqual(JSON.parse((await runCli(["--version", "--json"])).stdout), {
    tanda: own.version,
    node: process.versions.node,
  });
});

test("`help`, `help help` and `help --help` are the same; as JSON it is for programs", async () => {
  const [plain, twice, flag] = await Promise.all(
    [["help"], ["help", "help"], ["help", "--help"]].map((args) => runCli(args)),
  );
  assert.deepEqual([twice, flag], [plain, plain]);
  const all = await runCli(["help", "--json"]);
  assert.equal(all.code, 0);
  const { verbs } = JSON.parse(all.stdout) as { verbs: { name: string; summary: string }[] };
  assert.deepEqual(
    verbs.map(({ name }) => name),
    VERB_NAMES,
  );
  const [one, other] = await Promise.all([runCli(["help", "run", "--json"]), runCli(["run", "-h", "-j"])]);
  assert.equal(one.stdout, other.stdout);
  const { name, flags } = JSON.parse(one.stdout) as { name: string; flags: Record<string, unknown> };
  assert.equal(name, "run");
  assert.ok(Object.hasOwn(flags, "wait-for"));
});

test("no line of help is wider than a hundred characters, nor are two empty ones together", async () => {
  const terminal = new Terminal(process, false);
  const pages = await Promise.all(VERB_NAMES.map(async (name) => verbHelp(await loadVerb(name), terminal)));
  for (const page of [await generalHelp(terminal), ...pages]) {
    const plain = stripVTControlCharacters(page);
    for (const line of plain.split("\n")) assert.ok(line.length <= 100, line);
    assert.doesNotMatch(plain, /\n\n\n/);
  }
});

test("help of serve begins with what one needs first, and its limits stand apart, said in the same way", async () => {
  const { stdout } = await runCli(["help", "serve"]);
  const at = ["--listen", "--data", "--actions", "--watch", "Limits", "--max-line ", "--max-watches"].map(
    (text) => stdout.indexOf(text, stdout.indexOf("\nFlags")),
  );
  assert.ok(!at.includes(-1));
  assert.deepEqual(
    at,
    at.toSorted((a, b) => a - b),
  );
  assert.match(stdout, /--max-watches N +watches of a connection at once; one more: busy \(100\)$/m);
});

test("words that look like a payload without quotes, or an action without `run`, are told how to write them", async () => {
  const words = await runCli(["run", "upper", "hola", "mundo"]);
  assert.equal(words.code, 2);
  assert.match(words.stderr, /too much: mundo; quotes make one payload of it: tanda run upper 'hola mundo'/);
  const action = await runCli(["words", "hola"]);
  assert.equal(action.code, 2);
  assert.match(action.stderr, /unknown verb words; is it an action\? tanda run words/);
});
