import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { connect, end, type Connection } from "../../src/postgres/connect.ts";
import { migrate, readVersion, type Tables } from "../../src/postgres/migrate.ts";
import { Postgres } from "../services/postgres.ts";

const FIRST = "create table things (id integer primary key); create table done (step integer)";
/** Takes its time, so that others come while it is at it. */
const SECOND = `alter table things add column name text; select pg_sleep(0.3);
  update things set name = 'thing ' || id; insert into done values (2)`;

function tables(...steps: string[]): Tables {
  return { of: "the things", versionTable: "things_version", steps };
}

describe("bringing tables up to date", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  async function withConnections<T>(
    schema: string,
    count: number,
    work: (connections: Connection[]) => Promise<T>,
  ): Promise<T> {
    const address = parsePostgresUrl(`${postgres.url}?schema=${schema}`, {});
    const connections = await Promise.all(
      Array.from({ length: count }, () => connect({ address, name: "test" })),
    );
    try {
      return await work(connections);
    } finally {
      await Promise.all(connections.map(end));
    }
  }

  test("of several that come at once, one brings what is there to the new version; who still writes the old way loses nothing", async () => {
    await withConnections("old", 6, async ([writer, ...migrators]) => {
      await migrate(writer!, "old", tables(FIRST));
      await writer!.query("insert into things select generate_series(1, 1000)");
      const from = Promise.all(migrators.map((one) => migrate(one, "old", tables(FIRST, SECOND))));
      for (let id = 1001; id <= 1020; id++) await writer!.query("insert into things (id) values ($1)", [id]);
      assert.deepEqual(
        (await from).sort((a, b) => a - b),
        [1, 2, 2, 2, 2],
      );
      const { rows } = await writer!.query(
        `select (select count(*) from done) as steps, count(*) as things,
           count(*) filter (where name = 'thing ' || id) >= 1000 as named from things`,
      );
      assert.deepEqual(rows, [{ steps: 1, things: 1020, named: true }]);
      assert.equal(await readVersion(writer!, "old", tables(FIRST, SECOND)), 2);
    });
  });

  test("on an empty database too, and who only looks meanwhile sees the old or the new", async () => {
    await withConnections("empty", 5, async ([looker, ...migrators]) => {
      const steps = tables(FIRST, SECOND);
      const over = new AbortController();
      const from = Promise.all(migrators.map((one) => migrate(one, "empty", steps))).finally(() =>
        over.abort(),
      );
      const seen = new Set<number>();
      while (!over.signal.aborted) seen.add(await readVersion(looker!, "empty", steps));
      assert.deepEqual(
        (await from).sort((a, b) => a - b),
        [0, 2, 2, 2],
      );
      assert.equal(await readVersion(looker!, "empty", steps), 2);
      assert.deepEqual(
        [...seen].filter((version) => version !== 0 && version !== 2),
        [],
      );
    });
  });

  test("a step that fails leaves all as it was, for each that tries, and the next program goes on from there", async () => {
    await withConnections("failing", 3, async (connections) => {
      const [one] = connections;
      await migrate(one!, "failing", tables(FIRST));
      const wrong = tables(FIRST, "create table half (id integer)", "select 1 / 0");
      for (const { status } of await Promise.allSettled(
        connections.map((each) => migrate(each, "failing", wrong)),
      ))
        assert.equal(status, "rejected");
      assert.equal(await readVersion(one!, "failing", wrong), 1);
      const { rows } = await one!.query("select to_regclass('failing.half') as half");
      assert.deepEqual(rows, [{ half: null }]);
      assert.equal(await migrate(one!, "failing", tables(FIRST, SECOND)), 1);
    });
  });
});
