/** `tanda token` and `tanda audit`: at a running node, and in a store that no node has open. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Place } from "../e2e/serve-process.ts";
import { runCli } from "./run-cli.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tanda token "));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** As a shell reads it: words, and what is quoted is one. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}

test("off loopback a node without a token does not start; what it says, typed as it stands, makes it start", async (t) => {
  const data = join(folderOf(t), "my data");
  const listen = ["serve", "--listen", "0.0.0.0:0", "--data", data];
  const refused = await runCli(listen);
  assert.equal(refused.code, 2, refused.stdout + refused.stderr);
  assert.match(
    refused.stderr,
    /^error: bad_request: 0\.0\.0\.0:0 can be reached from other machines, and there is no/,
  );
  const [all, few] = [...refused.stderr.matchAll(/^ {2}tanda (token create .*)$/gm)].map(([, said]) => said!);
  const [full, scoped] = [await runCli(wordsOf(all!)), await runCli(wordsOf(few!))];
  assert.equal(full.code, 0, full.stderr);
  assert.match(full.stderr, /only time it is shown/);
  assert.match(scoped.stdout, /^tnd_[0-9a-f]{12}_[\w-]{43}\n$/);

  using place = new Place();
  await using serve = place.serve({ args: ["--listen", "127.0.0.1:0 0.0.0.0:0", "--data", data] });
  const server = `tanda://127.0.0.1:${await serve.listening()}`;
  const as = (token: string): { server: string; env: Record<string, string> } => ({
    server,
    env: { TANDA_TOKEN: token.trim() },
  });
  assert.equal((await runCli(["run", "upper", "hola"], { server })).code, 3);
  assert.equal((await runCli(["run", "upper", "hola"], as(scoped.stdout))).stdout, "HOLA\n");
  const forbidden = await runCli(["queue", "list"], as(scoped.stdout));
  assert.match(forbidden.stderr, /^error: forbidden: this token does not allow queues\nAsk for one that may/);
  assert.match(
    (await runCli(["token", "list", "--data", data])).stderr,
    /^error: conflict: A node has .* open: ask that node\./,
  );

  const boss = as(full.stdout);
  const made = await runCli(["token", "create", "--actions", "upper", "--name", "phone", "--json"], boss);
  const { token, secret, actions } = JSON.parse(made.stdout) as {
    token: string;
    secret: string;
    actions: string[];
  };
  assert.deepEqual(actions, ["upper"]);
  assert.match(
    (await runCli(["token", "list"], boss)).stdout,
    new RegExp(`${token} +phone +live +use; actions upper`),
  );
  assert.equal((await runCli(["token", "revoke", token], boss)).code, 0);
  assert.equal((await runCli(["run", "upper", "hola"], as(secret))).code, 3);
  const audit = JSON.parse((await runCli(["audit", "--since", "1h", "--json"], boss)).stdout) as object[];
  assert.deepEqual(
    audit.map((entry) => `${(entry as { who: string }).who.length} ${(entry as { act: string }).act}`),
    ["12 revoke_token", "12 create_token", "7 create_token", "7 create_token"],
  );
});

test("with --require-token that is so on loopback too, and a node that keeps nothing says what it can do", async () => {
  const kept = await runCli(["serve", "--listen", "127.0.0.1:0", "--data", ":memory:", "--require-token"]);
  assert.equal(kept.code, 2, kept.stdout);
  assert.match(kept.stderr, /--require-token, and there is no token\n.*TANDA_TOKEN=/);
});

test("what makes no sense is told before anything is asked or made", async (t) => {
  const data = folderOf(t);
  const cases: [string[], RegExp][] = [
    [["token", "creat"], /did you mean token create\?/],
    [["token", "revoke"], /which one\?/],
    [["token", "create", "--own", "--not-own"], /which one\?/],
    [["token", "create", "--rate", "fast", "--data", data], /rate is not a number of tasks per time/],
    [["token", "create", "--ops", "fly", "--data", data], /there is no "fly" to allow/],
    [["token", "create", "--ops", "audit", "--data", data], /only for a token that may do all/],
    [["token", "create", "--all", "--rate", "1/s", "--data", data], /a token that may do all has no rate/],
    [["token", "list", "--data", data], /is no data folder/],
    [["token", "list", "--data", ":memory:"], /keeps no tokens/],
  ];
  for (const [args, expected] of cases) {
    const ran = await runCli(args);
    assert.equal(ran.code, 2, args.join(" "));
    assert.match(ran.stderr, expected);
  }
});
