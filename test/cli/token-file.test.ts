/** The token in a file: of the node that asks for it, and of who calls it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { Place } from "../e2e/serve-process.ts";
import { runCli } from "./run-cli.ts";

const TOKEN = "a-token-that-lies-in-a-file";

describe("TANDA_TOKEN_FILE", () => {
  let folder = "";
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  before(() => (folder = mkdtempSync(join(tmpdir(), "tanda-token-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("lets a node listen off loopback and lets callers in; its actions do not inherit the token", async () => {
    using place = new Place();
    const file = write("token", `${TOKEN}\n`);
    const actions = write("actions.mjs", "export default { env: { run: () => process.env } };\n");
    const env = { TANDA_TOKEN_FILE: file };
    await using serve = place.serve({
      args: ["--listen", "127.0.0.1:0 0.0.0.0:0", "--actions", actions],
      env,
    });
    const server = `tanda://127.0.0.1:${await serve.listening()}`;
    const ran = await runCli(["run", "env"], { server, env });
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(!ran.stdout.includes(TOKEN), "the token is in the environment of the actions");
    const refused = await runCli(["run", "env"], { server });
    assert.equal(refused.code, 3, refused.stderr);
  });

  test("a file that is missing or empty is refused, and so are a file and a token", async () => {
    const missing = join(folder, "missing");
    for (const [env, told] of [
      [{ TANDA_TOKEN_FILE: missing }, /cannot be read: ENOENT.*\(from TANDA_TOKEN_FILE\)/],
      [{ TANDA_TOKEN_FILE: write("empty", "\n") }, /is empty \(from TANDA_TOKEN_FILE\)/],
      [
        { TANDA_TOKEN_FILE: write("token", TOKEN), TANDA_TOKEN: TOKEN },
        /both TANDA_TOKEN and TANDA_TOKEN_FILE/,
      ],
    ] as const) {
      const ran = await runCli(["serve", "--data", ":memory:", "--listen", "127.0.0.1:0"], { env });
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, told);
      assert.ok(!ran.stderr.includes(TOKEN));
    }
  });
});
