import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { Postgres } from "../services/postgres.ts";
import { openAt } from "../store/open-postgres.ts";
import { newSpec, submit } from "../store/sample-events.ts";
import { runCli } from "./run-cli.ts";

test("a word that migrate does not know is answered with those it does", async () => {
  const down = await runCli(["migrate", "down"]);
  assert.deepEqual([down.code, /unknown: migrate down; it is up or status/.test(down.stderr)], [2, true]);
});

describe("migrate", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  test("status tells what there is to do, up does it, and again does nothing", async () => {
    const env = { TANDA_STORE: `${postgres.url}?schema=crew` };
    const before = await runCli(["migrate", "status"], { env });
    assert.equal(before.code, 1, before.stderr);
    assert.match(before.stdout, /^crew: version 0, this program brings it to \d+: tanda migrate up\n$/);
    const up = await runCli(["migrate", "up"], { env });
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stdout, /^crew: version 0 → \d+\n$/);
    const again = await runCli(["migrate", "up", "--store", env.TANDA_STORE]);
    assert.deepEqual([again.code, /up to date/.test(again.stdout)], [0, true]);
    const after = await runCli(["migrate", "status", "--json"], { env });
    const { schema, version, newest } = JSON.parse(after.stdout) as Record<string, unknown>;
    assert.deepEqual([after.code, schema, version], [0, "crew", newest]);
  });

  test("several at once, nodes among them: one does it, the others find it done, and rows stay", async () => {
    const env = { TANDA_STORE: `${postgres.url}?schema=crowd` };
    const [ups, looks, stores] = await Promise.all([
      Promise.all(Array.from({ length: 3 }, () => runCli(["migrate", "up"], { env }))),
      Promise.all(Array.from({ length: 2 }, () => runCli(["migrate", "status", "--json"], { env }))),
      Promise.all(Array.from({ length: 2 }, () => openAt(env.TANDA_STORE))),
    ]);
    const said = ups.map(({ stdout }) => stdout);
    assert.deepEqual(
      ups.map(({ code }) => code),
      [0, 0, 0],
      ups.map(({ stderr }) => stderr).join(""),
    );
    assert.ok(said.filter((one) => one.includes("version 0 →")).length <= 1, said.join(""));
    for (const { code, stdout, stderr } of looks) {
      const { version, newest } = JSON.parse(stdout || stderr) as { version: number; newest: number };
      assert.ok(version === 0 || version === newest, stdout);
      assert.equal(code, version === newest ? 0 : 1);
    }
    const specs = stores.map(() => newSpec());
    await Promise.all(stores.map((store, i) => store.apply([submit(specs[i]!)])));
    const again = await Promise.all(Array.from({ length: 2 }, () => runCli(["migrate", "up"], { env })));
    for (const { stdout } of again) assert.match(stdout, /up to date/);
    const rows = await stores[0]!.get(specs.map(({ id }) => id));
    await Promise.all(stores.map((store) => store.close()));
    assert.deepEqual(
      rows.map((row) => row?.state),
      ["queued", "queued"],
    );
  });

  test("what a newer Tanda made is told and left alone", async () => {
    const env = { TANDA_STORE: `${postgres.url}?schema=newer` };
    await runCli(["migrate", "up"], { env });
    await postgres.query("update newer.schema_version set version = 999");
    const status = await runCli(["migrate", "status"], { env });
    assert.deepEqual([status.code, status.stdout.includes("newer than this program")], [1, true]);
    const up = await runCli(["migrate", "up"], { env });
    assert.equal(up.code, 1);
    assert.match(up.stderr, /conflict: A newer Tanda wrote the store/);
  });

  test("a password in the URL is in no output", async () => {
    const url = `postgres://app:s3cret-horse@127.0.0.1:1/db`;
    const { code, stdout, stderr } = await runCli(["migrate", "up"], { env: { TANDA_STORE: url } });
    assert.equal(code, 3);
    assert.match(stderr, /127\.0\.0\.1:1/);
    assert.doesNotMatch(stdout + stderr, /s3cret/);
  });
});

test("migrate refuses a password on the command line, as serve does, and does not repeat it", async () => {
  for (const word of ["up", "status"]) {
    const told = await runCli(["migrate", word, "--store", "postgres://app:s3cret-horse@127.0.0.1:1/db"]);
    assert.equal(told.code, 2, told.stderr);
    assert.match(told.stderr, /bad_request: --store has a password in it.*\n.*TANDA_STORE/);
    assert.doesNotMatch(told.stdout + told.stderr, /s3cret/);
  }
});

test("migrate without a store, with another kind or another word says what to type", async () => {
  const env = { TANDA_STORE: "" };
  const none = await runCli(["migrate", "up"], { env });
  assert.deepEqual([none.code, /--store URL, or TANDA_STORE/.test(none.stderr)], [2, true]);
  const file = await runCli(["migrate", "up", "--store", "sqlite:x"]);
  assert.deepEqual([file.code, /upgraded when the node starts/.test(file.stderr)], [2, true]);
  const word = await runCli(["migrate", "pu"], { env });
  assert.deepEqual([word.code, /migrate pu/.test(word.stderr)], [2, true]);
});
