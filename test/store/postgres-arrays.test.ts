import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { connect, end, type Connection } from "../../src/postgres/connect.ts";
import { bigints, inOrder, integers, texts, uuids } from "../../src/store/postgres-arrays.ts";
import { Postgres } from "../services/postgres.ts";

describe("columns in PostgreSQL's binary form", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  let connection: Connection;
  before(async () => {
    postgres = await Postgres.start({ fast: true });
    connection = await connect({ address: parsePostgresUrl(postgres.url, {}), name: "test" });
  });
  after(async () => {
    await end(connection);
    await postgres?.[Symbol.asyncDispose]();
  });

  /** As the server understands them. */
  async function told(type: string, column: Buffer): Promise<unknown> {
    const { rows } = await connection.query(`select array_to_json($1::${type}[]) as told`, [column]);
    return (rows[0] as { told: unknown }).told;
  }

  test("values arrive as they are, with nulls, at both ends of their range", async () => {
    const ids = [
      "00000000-0000-0000-0000-000000000000",
      "0199aaf0-bcde-7f01-8234-56789abcdeff",
      `ffffffff${"-ffff".repeat(3)}-ffffffffffff`,
    ];
    assert.deepEqual(await told("uuid", uuids(ids)), ids);
    const numbers = [
      0,
      1,
      -1,
      2 ** 31,
      2 ** 32,
      -(2 ** 32),
      1_750_000_000_123,
      2 ** 53 - 1,
      null,
      -(2 ** 53) + 1,
    ];
    assert.deepEqual(await told("bigint", bigints(numbers)), numbers);
    const small = [0, -1, 2 ** 31 - 1, -(2 ** 31)];
    assert.deepEqual(await told("integer", integers(small)), small);
    const words = ["", "hola", null, '"\\"', "{a,b}", "NULL", "ñ 漢 😀", "x".repeat(100_000)];
    assert.deepEqual(await told("text", texts(words)), words);
  });

  test("none is an empty array", async () => {
    for (const [type, column] of [
      ["uuid", uuids([])],
      ["text", texts([])],
      ["bigint", bigints([])],
      ["integer", integers([])],
    ] as const)
      assert.deepEqual(await told(type, column), []);
  });

  test("rows are in the order of their ids, which is the server's", async () => {
    const rows = ["0a", "a0", "00", "ff", "9f", "f9"].map((start) => ({
      id: `${start}000000-0000-7000-8000-000000000000`,
    }));
    const sorted = inOrder(rows).map(({ id }) => id);
    const { rows: theirs } = await connection.query("select id from unnest($1::uuid[]) id order by id", [
      uuids(rows.map(({ id }) => id)),
    ]);
    assert.deepEqual(
      sorted,
      (theirs as { id: string }[]).map(({ id }) => id),
    );
  });
});
