/** Two gateways that share PostgreSQL: a token made at one is one of both, and so is its end. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import { startNode, type TandaNode } from "../../src/node/start-node.ts";
import { Postgres } from "../services/postgres.ts";
import { pause } from "./stack.ts";

const TOKEN = "known-to-every-operator";

describe("tokens of gateways that share a store", { ...needs("postgres"), timeout: 120_000 }, () => {
  let postgres: Postgres;
  let folder = "";
  const nodes: TandaNode[] = [];
  const clients: Client[] = [];
  const at = (node: number, token: string): Client => {
    const client = connect(`tanda://127.0.0.1:${nodes[node]!.addresses[0]!.port}`, { token });
    clients.push(client);
    return client;
  };
  before(
    async () => {
      folder = await mkdtemp(join(tmpdir(), "tanda-tokens-"));
      postgres = await Postgres.start({ fast: true });
      const shared = { store: `${postgres.url}?schema=tokens`, blobs: `${folder}/`, token: TOKEN };
      for (let count = 0; count < 2; count++)
        nodes.push(await startNode({ ...shared, listen: ["127.0.0.1:0"], roles: ["gateway"] }));
      nodes.push(
        await startNode({
          ...shared,
          roles: ["worker"],
          actions: { echo: { run: (value: unknown) => value } },
        }),
      );
    },
    { timeout: 60_000 },
  );
  after(async () => {
    await Promise.all(clients.map((client) => client.$.close({ now: true })));
    await Promise.all(nodes.map((node) => node.stop()));
    await postgres?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("made at one it is let in at the other, and finds its own tasks there and no other's", async () => {
    const boss = at(0, TOKEN);
    const [one, two] = [await boss.$.createToken({}), await boss.$.createToken({})];
    const [here, there, other] = [at(0, one.secret), at(1, one.secret), at(1, two.secret)];
    assert.equal(await there.$.run("echo", "at once"), "at once");
    const { task } = await here.$.submit("echo", "mine", { key: "order" });
    assert.equal(await there.$.task(task).result(), "mine");
    await assert.rejects(other.$.get(task), { code: "not_found" });
    const same = await other.$.submit("echo", "other", { key: "order" });
    assert.notEqual(same.task, task);
    assert.equal(await same.result(), "other");
    assert.equal((await there.$.submit("echo", "mine", { key: "order" })).task, task);
    assert.deepEqual(
      (await there.$.list({ prefix: "order" })).tasks.map((view) => [view.task, view.key]),
      [[task, "order"]],
    );
  });

  test("revoked at one it is over at the other within seconds, where a connection is open", async () => {
    const boss = at(0, TOKEN);
    const made = await boss.$.createToken({});
    const there = at(1, made.secret);
    assert.equal(await there.$.run("echo", 1), 1);
    await boss.$.revokeToken(made.token);
    await assert.rejects(
      (async () => {
        for (;;) await there.$.run("echo", 1).then(() => pause(50));
      })(),
      { code: "unauthorized" },
    );
    assert.ok((await at(1, TOKEN).$.audit()).entries.some(({ target }) => target === made.token));
  });
});
