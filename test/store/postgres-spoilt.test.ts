/** Damaged rows in PostgreSQL: its types keep most of it out, not what is kept as text. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";
import { Postgres } from "../services/postgres.ts";
import { openBoth, queued } from "./open-postgres.ts";
import { claim } from "./sample-events.ts";
import { testSpoiltRows } from "./store-spoilt-contract.ts";

describe("damaged rows in PostgreSQL", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  testSpoiltRows(async () => {
    const opened = await openBoth(postgres);
    return {
      store: opened.one,
      spoil: async (id, column, text) => {
        await postgres.query(`update ${opened.schema}.tasks set ${column} = $2 where id = $1`, [id, text]);
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });

  test("what shares a store sweeps, claims and reaps past them, and counts them as not known", async () => {
    await using opened = await openBoth(postgres);
    const { one, two, schema } = opened;
    const ids = await queued(one, 6);
    const spoil = (id: string): Promise<unknown> =>
      postgres.query(`update ${schema}.tasks set policy = '{' where id = $1`, [id]);
    const [swept, claimed, reaped, ...sound] = ids as [string, string, string, ...string[]];
    await spoil(swept);
    await one.unpublished(ids);
    assert.deepEqual(
      (await two.sweep(1000, 10)).map(({ id }) => id),
      ids.slice(1),
    );
    await spoil(claimed);
    const claims = [claimed, reaped, ...sound].map((id) => claim(id, 1) as ClaimEvent);
    const verdicts = (await one.claim(claims, "w1", 1)).map(({ verdict }) => verdict);
    assert.deepEqual(verdicts, ["conflict", ...[reaped, ...sound].map(() => "applied")]);
    await spoil(reaped);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const judged = await two.reap({ graceMs: 0, limit: 10 }, ({ task, at }) => ({
      type: "cancel",
      id: task.id,
      at,
    }));
    assert.deepEqual(judged.map(({ task }) => task!.id).sort(), sound);
    assert.equal(await two.unknown(), 3);
  });
});
