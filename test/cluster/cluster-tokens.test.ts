/** A token made at one node holds at all, each of which has a file of its own; so does its end, and whose tasks are whose. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import { idOf, keyOf, NODES } from "./owned.ts";
import { startThree, type ThreeNodes } from "./three-nodes.ts";

const TOKEN = "known-to-every-operator";
const echo = { run: (value: unknown): unknown => value };

describe("tokens of three nodes", () => {
  let three: ThreeNodes;
  const clients: Client[] = [];
  const at = (node: number, token: string): Client => {
    const client = connect(`tanda://127.0.0.1:${three.ports[node]}`, { token });
    clients.push(client);
    return client;
  };
  before(async () => {
    three = await startThree({ echo }, { clusterSecret: "known-to-the-nodes-alone", token: TOKEN });
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.$.close({ now: true })));
    await three?.[Symbol.asyncDispose]();
  });

  test("one made at a node is let in at all of them at once, and its tasks are its own wherever they lie", async () => {
    const one = await three.client(1).$.createToken({ actions: ["echo"] });
    const two = await three.client(2).$.createToken({ actions: ["echo"] });
    for (const node of NODES) {
      const [mine, other] = [at(node, one.secret), at(node, two.secret)];
      for (const owner of NODES) {
        const task = idOf(owner);
        assert.equal(await mine.$.run("echo", owner, { task }), owner);
        assert.equal((await mine.$.get(task)).owner, undefined);
        await assert.rejects(other.$.get(task), { code: "not_found" });
        await assert.rejects(other.$.run("echo", owner, { task }), { code: "conflict" });
        const key = keyOf(owner, `token-${node}`);
        const [a, b] = [await mine.$.submit("echo", 1, { key }), await other.$.submit("echo", 2, { key })];
        assert.deepEqual([await a.result(), await b.result()], [1, 2]);
        assert.equal((await mine.$.get(a.task)).key, key);
      }
      const { tasks } = await other.$.list();
      assert.ok(tasks.length > 0);
      assert.ok(
        tasks.every(({ key }) => key !== undefined),
        "only those with keys are the other's",
      );
      await assert.rejects(mine.$.pause("math"), { code: "forbidden" });
    }
  });

  test("a watch at one node hears of its own tasks at all of them, and of no other's", async () => {
    const { secret } = await three.client(3).$.createToken({});
    const mine = at(1, secret);
    const done = new Set<string>();
    const events = mine.$.watch();
    const heard = (async () => {
      for await (const event of events) {
        if (event.type === "state" && event.state === "done") done.add(event.task);
        if (done.size === NODES.length) return;
      }
    })();
    await pause(500);
    for (const node of NODES) await three.client(1).$.run("echo", "other", { task: idOf(node) });
    const ids = NODES.map((node) => idOf(node));
    for (const task of ids) await mine.$.run("echo", "own", { task });
    await heard;
    assert.deepEqual([...done].toSorted(), ids.toSorted());
  });

  test("who is revoked at one node is out at all, also on connections that are open", async () => {
    const made = await three.client(1).$.createToken({});
    const everywhere = NODES.map((node) => at(node, made.secret));
    for (const client of everywhere) assert.equal(await client.$.run("echo", 1), 1);
    await three.client(3).$.revokeToken(made.token);
    for (const client of everywhere)
      await assert.rejects(
        (async () => {
          for (;;) await client.$.run("echo", 1).then(() => pause(50));
        })(),
        { code: "unauthorized" },
      );
  });

  test("a node that was down learns what was made and revoked meanwhile", async () => {
    const old = await three.client(1).$.createToken({});
    await three.stop(2);
    const made = await three.client(1).$.createToken({});
    await three.client(3).$.revokeToken(old.token);
    await three.start(2);
    await three.seen(2, "up");
    assert.equal(await at(2, made.secret).$.run("echo", "late"), "late");
    for (;;) {
      const tokens = await three.client(2).$.tokens();
      if (tokens.find(({ token }) => token === old.token)?.state === "revoked") break;
      await pause(50);
    }
  });

  test("the audit log of all is told by each, an act once", async () => {
    await three.client(1).$.pause("told-once");
    const { entries } = await three.client(2).$.audit();
    assert.equal(entries.filter(({ target }) => target === "told-once").length, 1);
  });
});
