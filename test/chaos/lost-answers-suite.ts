/** PostgreSQL commits, and its answer is lost: whoever waits is told what was written. Tests that a file calls with its stack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../../src/client/client.ts";
import type { NodeProcess } from "../e2e/node-process.ts";
import type { FaultProxy } from "../services/fault-proxy.ts";
import { DONE, RUNNING, rowsWhere } from "./psql.ts";
import type { Stack } from "./stack.ts";

const PATIENT = { timeout: 150_000 };
const ROUNDS = 8;

type Boxes = {
  readonly stack: Stack;
  readonly first: { readonly gateway: NodeProcess };
  readonly second: { readonly gateway: NodeProcess };
};

/** Nothing comes to PostgreSQL any more behind these words, so what is there afterwards was written by them. */
async function cut<T>(proxy: FaultProxy, words: string, look: () => Promise<T>): Promise<T> {
  await proxy.cutAfter(words);
  await proxy.set("refuse");
  try {
    return await look();
  } finally {
    await proxy.set("pass");
  }
}

/** What takes the store several steps may be cut before the last of them: then another is cut. */
async function untilCommitted(isCommitted: (round: number) => Promise<boolean>): Promise<void> {
  for (let round = 1; !(await isCommitted(round)); round++)
    assert.ok(round < ROUNDS, "nothing was committed before its answer was lost");
}

export function lostAnswersSuite(boxes: () => Boxes): void {
  test("the answer to a commit is lost: to what a client was promised", PATIENT, async (t) => {
    const { stack, second } = boxes();
    const { url } = stack.postgres;
    await using client = connect(`tanda://127.0.0.1:${second.gateway.port}`);
    // After tasks that were there already the store looks first, in several steps: here one is wanted.
    for (let n = 0; n < 60; n++) await client.$.submit("tell", { client: "before", n });
    const where = `payload like '%"client":"promise %'`;
    const written = cut(stack.toPostgres, "promise 1", () => rowsWhere(url, where));
    const begunAt = performance.now();
    const handle = await client.$.submit("tell", { client: "promise 1", n: 1 });
    const ms = Math.round(performance.now() - begunAt);
    assert.deepEqual(
      (await written).map(({ id }) => id),
      [handle.task],
      "it was committed before the answer was lost",
    );
    const told = await handle.result();
    const [row, ...more] = await rowsWhere(url, where);
    assert.deepEqual(more, []);
    assert.equal(row!.state, DONE);
    assert.deepEqual(row!.result, told);
    t.diagnostic(`promised after ${ms} ms`);
  });

  test("the answer to a commit is lost: to the end of a run", PATIENT, async (t) => {
    const { stack, first } = boxes();
    const { url } = stack.postgres;
    await using client = connect(`tanda://127.0.0.1:${first.gateway.port}`);
    let slowestMs = 0;
    await untilCommitted(async (round) => {
      const where = `payload like '%${round} dnuor fo%'`;
      const written = cut(stack.toPostgres, `of round ${round}`, () => rowsWhere(url, where));
      let n = 0;
      let isCut = false;
      while (!isCut) {
        const begunAt = performance.now();
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => client.$.run("backwards", `${round} dnuor fo ${++n}`)),
        );
        slowestMs = Math.max(slowestMs, Math.round(performance.now() - begunAt));
        for (const answer of answers) assert.match(String(answer), new RegExp(`^\\d+ of round ${round}$`));
        isCut = await Promise.race([written.then(() => true), delay(1, false)]);
      }
      const rows = await stack.untilRows(where, (all) => all.every(({ state }) => state === DONE));
      assert.equal(rows.length, n);
      assert.equal(new Set(rows.map(({ result }) => result)).size, n);
      return (await written).some(({ state }) => state === DONE);
    });
    t.diagnostic(`every client had its answer, the slowest after ${slowestMs} ms`);
  });

  test("the answer to a commit is lost: to a claim", PATIENT, async (t) => {
    const { stack, first } = boxes();
    const { url } = stack.postgres;
    await using client = connect(`tanda://127.0.0.1:${first.gateway.port}`);
    let ms = 0;
    await untilCommitted(async (round) => {
      const name = `claim ${round}.`;
      const where = `payload like '%"client":"${name}"%'`;
      const written = cut(stack.toPostgres, name, () => rowsWhere(url, `${where} and state = ${RUNNING}`));
      const begunAt = performance.now();
      const told = await Promise.all(
        Array.from({ length: 12 }, (_, n) => client.$.run("tell", { client: name, n, ms: 1800 })),
      );
      ms = Math.round(performance.now() - begunAt);
      assert.deepEqual(
        told.map((one) => (one as { n: number }).n),
        told.map((_, n) => n),
      );
      const rows = await rowsWhere(url, where);
      assert.equal(rows.length, told.length);
      for (const { result } of rows)
        assert.ok(told.some((one) => JSON.stringify(one) === JSON.stringify(result)));
      return (await written).length > 0;
    });
    t.diagnostic(`every client had its answer after ${ms} ms`);
  });
}
