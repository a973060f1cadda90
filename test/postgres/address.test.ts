import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parsePostgresUrl } from "../../src/postgres/address.ts";

test("a password comes from the URL, else a file, else the environment", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-password-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "password");
  writeFileSync(file, "from file\n");
  const password = (url: string): string | undefined =>
    parsePostgresUrl(url, { PGPASSWORD: "from env" }).password();
  assert.equal(password(`postgres://u:from%20url@h/d?passwordFile=${file}`), "from url");
  assert.equal(password(`postgres://u@h/d?passwordFile=${file}`), "from file");
  assert.equal(password("postgres://u@h/d"), "from env");
  const { hosts, user, database, schema } = parsePostgresUrl("postgres://u@a:1,[::1]:2,c/d?schema=x", {});
  assert.deepEqual(hosts, [
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
    { host: "c", port: 5432 },
  ]);
  assert.deepEqual([user, database, schema], ["u", "d", "x"]);
});
