import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { openPostgresBus, type PostgresBus } from "../../src/bus/postgres.ts";
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { Postgres } from "../services/postgres.ts";
import { busContract, Heard } from "./bus-contract.ts";

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("PostgreSQL", { skip: needs("postgres").skip, timeout: 120_000 }, () => {
  let postgres: Postgres;
  let opened = 0;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  const open = (
    schema: string,
    url = postgres.url,
    onError: (error: unknown) => void = () => {},
  ): Promise<PostgresBus> =>
    openPostgresBus({
      server: parsePostgresUrl(`${url}?schema=${schema}`, {}),
      address: `process-${opened++}`,
      random: Math.random,
      onError,
    });

  /** Sends until something comes; how many that were is nobody's business. */
  async function sendUntilHeard(from: PostgresBus, to: PostgresBus, heard: Heard): Promise<void> {
    const until = performance.now() + 20_000;
    const before = heard.hints.length;
    while (heard.hints.length === before) {
      assert.ok(performance.now() < until, "no hint comes any more");
      from.send(to.address, { type: "after" });
      await later(50);
    }
  }

  busContract("the PostgreSQL bus", async () => {
    const schema = `line${opened}`;
    return () => open(schema);
  });

  test("brings what is the same twice, twice; what is of another Tanda in the same database, never", async () => {
    await using a = await open("twice");
    await using b = await open("twice");
    await using c = await open("elsewhere");
    const [ofB, ofC] = [new Heard(b), new Heard(c)];
    for (let n = 0; n < 3; n++) {
      a.broadcast({ type: "same" });
      await later(20);
    }
    a.broadcast({ type: "same", text: "x".repeat(2000) });
    a.broadcast({ type: "same", text: "x".repeat(2000) });
    assert.equal((await ofB.atLeast(5)).length, 5);
    assert.deepEqual(ofC.hints, []);
  });

  test("packs many small hints and few large ones, with an address of any length, and loses none", async () => {
    const server = parsePostgresUrl(`${postgres.url}?schema=packs`, {});
    const common = {
      server,
      random: Math.random,
      onError: (error: unknown): never => assert.fail(String(error)),
    };
    await using a = await openPostgresBus({ ...common, address: "a".repeat(500) });
    await using b = await openPostgresBus({ ...common, address: `"€'\n${"b".repeat(500)}` });
    const heard = new Heard(b);
    const small = Array.from({ length: 5000 }, (_, n) => ({ type: "small", n }));
    const large = Array.from({ length: 20 }, (_, n) => ({ type: "large", n, text: "€\n".repeat(700) }));
    for (const hint of [...small, ...large]) assert.equal(a.send(b.address, hint), true);
    assert.deepEqual(await heard.atLeast(5020), [...small, ...large]);
  });

  test("refuses what is too much at once, and goes on", async () => {
    await using a = await open("much");
    await using b = await open("much");
    const heard = new Heard(b);
    const hint = { type: "much", text: "x".repeat(2000) };
    let sent = 0;
    while (a.send(b.address, hint)) assert.ok(++sent < 10_000, "memory is not bounded");
    assert.equal((await heard.atLeast(sent)).length, sent);
    await sendUntilHeard(a, b, heard);
  });

  test("tells of the gap after the connection it hears by was lost, and never blocks meanwhile", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    await using a = await open("cut");
    await using b = await open("cut", postgres.urlAt(proxy.port));
    const heard = new Heard(b);
    let gaps = 0;
    b.onGap(() => gaps++);
    a.send(b.address, { type: "before" });
    await heard.atLeast(1);
    await proxy.set("refuse");
    await later(50);
    a.send(b.address, { type: "lost" });
    assert.equal(b.send(a.address, { type: "lost" }), false);
    await later(200);
    assert.equal(gaps, 0);
    await proxy.set("pass");
    await sendUntilHeard(a, b, heard);
    assert.equal(gaps, 1);
    assert.deepEqual([...new Set(heard.hints.map(({ type }) => type))], ["before", "after"]);
  });

  test("keeps its addresses over the server's death, and tells no password", async () => {
    const errors: string[] = [];
    const url = postgres.url.replace("@", ":secret-word@");
    await using a = await open("death", url, (error) => errors.push(String(error)));
    await using b = await open("death", url);
    const heard = new Heard(b);
    let gaps = 0;
    b.onGap(() => gaps++);
    await sendUntilHeard(a, b, heard);
    await postgres.kill9();
    await later(100);
    assert.equal(a.send(b.address, { type: "lost" }), false);
    await later(500);
    await postgres.start();
    await sendUntilHeard(a, b, heard);
    assert.equal(gaps, 1);
    assert.ok(errors.length > 0 && !errors.join().includes("secret-word"), errors.join());
  });

  test("what it cannot read is told, and the rest goes on", async () => {
    const errors: string[] = [];
    await using a = await open("odd");
    await using b = await open("odd", postgres.url, (error) => errors.push(String(error)));
    const heard = new Heard(b);
    const [channel] = await postgres.query<{ name: string }>(
      `select substring(query from 'tanda_one_[0-9a-f]+') as name from pg_stat_activity where application_name = $1`,
      [`${b.address}, hearing`],
    );
    for (const letter of ["nonsense", '{"v":2,"hints":[]}', "null"])
      await postgres.query("select pg_notify($1, $2)", [channel!.name, letter]);
    await sendUntilHeard(a, b, heard);
    assert.equal(errors.length, 3);
  });
});
