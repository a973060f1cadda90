/** Tokens and the audit log of a real node: whose tasks are whose, what is on the disk, and what a restart leaves. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../../src/actions/define.ts";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import { startNode, type NodeOptions, type TandaNode } from "../../src/index.ts";
import type { CreatedToken } from "../../src/protocol/access.ts";
import type { TokenWish } from "../../src/protocol/token-wish.ts";
import { createIdMaker } from "../../src/task/id.ts";

const TOKEN = "the-one-that-may-do-all";
const makeId = createIdMaker(0, Date.now, Math.random);
const actions = {
  echo: { run: (value: unknown) => value },
  wait: {
    run: (ms: unknown, { signal }: Context) => pause(Number(ms), ms, { signal }),
  },
};

class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tanda-tokens-"));
  readonly data = join(this.folder, "data");

  start(more: Partial<NodeOptions> = {}): Promise<TandaNode> {
    const listen = ["127.0.0.1:0"];
    return startNode({ data: this.data, actions, listen, threads: 2, token: TOKEN, ...more });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const at = (node: TandaNode, token: string): Client =>
  connect(`tanda://127.0.0.1:${node.addresses[0]!.port}`, { token });
const code = (expected: string): { code: string } => ({ code: expected });

describe("two tokens of one node", () => {
  const place = new Place();
  let node: TandaNode;
  let boss: Client;
  let a: Client;
  let b: Client;
  let ofA: CreatedToken;
  const open: Client[] = [];

  before(async () => {
    node = await place.start();
    boss = at(node, TOKEN);
    const make = (wish: TokenWish): Promise<CreatedToken> => boss.$.createToken(wish);
    ofA = await make({
      name: "a",
      ops: ["submit", "get", "wait", "list", "watch", "cancel", "explain", "retry", "delete"],
    });
    a = at(node, ofA.secret);
    b = at(node, (await make({ name: "b", ops: ofA.ops! as string[] })).secret);
    open.push(boss, a, b);
  });
  after(async () => {
    await Promise.all(open.map((client) => client.$.close({ now: true })));
    await node?.stop();
    place[Symbol.dispose]();
  });

  test("the same key is two tasks; each finds its own, under the name it gave", async () => {
    const one = await a.$.submit("echo", 1, { key: "order" });
    const two = await b.$.submit("echo", 2, { key: "order" });
    assert.notEqual(one.task, two.task);
    assert.deepEqual([await one.result(), await two.result()], [1, 2]);
    assert.equal((await a.$.submit("echo", 1, { key: "order" })).task, one.task);
    await assert.rejects(a.$.submit("echo", 3, { key: "order" }), code("conflict"));
    const view = await a.$.get(one.task);
    assert.deepEqual([view.key, view.owner], ["order", undefined]);
    assert.deepEqual((await boss.$.get(one.task)).key, `${ofA.token}/order`);
    const found = (client: Client): Promise<string[]> =>
      client.$.list({ prefix: "ord" }).then(({ tasks }) => tasks.map(({ task }) => task));
    assert.deepEqual(await found(a), [one.task]);
    assert.deepEqual(await found(b), [two.task]);
    const plain = await boss.$.submit("echo", 9, { key: "order" });
    assert.equal(await plain.result(), 9);
  });

  test("another's task is as one that never was, whatever is asked about it", async () => {
    const task = (await a.$.submit("wait", 60_000)).task;
    const never = makeId();
    const asks: ((client: Client, id: string) => Promise<unknown>)[] = [
      (client, id) => client.$.get(id),
      (client, id) => client.$.task(id).result(),
      (client, id) => client.$.cancel(id),
      (client, id) => client.$.retry(id),
      (client, id) => client.$.delete(id),
      (client, id) => client.$.explain(id),
      async (client, id) => {
        for await (const event of client.$.watch({ task: id })) return event;
        return null;
      },
    ];
    for (const ask of asks) {
      const [other, none] = await Promise.all(
        [task, never].map((id) =>
          ask(b, id).then(
            () => assert.fail("it was told something"),
            (error: Error & { hint?: string }) =>
              JSON.stringify([error.message.replace(id, ""), error.hint, (error as { code?: string }).code]),
          ),
        ),
      );
      assert.equal(other, none);
    }
    assert.ok(!(await b.$.list()).tasks.some((view) => view.task === task));
    assert.ok((await boss.$.list()).tasks.some((view) => view.task === task && view.owner === ofA.token));
    assert.equal((await a.$.cancel(task)).state, "cancelled");
  });

  test("another's id joins nothing: not while it runs, not when it is done, not as a repeat", async () => {
    const task = makeId();
    const running = a.$.run("wait", 300, { task });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await assert.rejects(b.$.run("wait", 300, { task }), code("conflict"));
    await assert.rejects(boss.$.run("wait", 300, { task }), code("conflict"));
    assert.equal(await running, 300);
    await assert.rejects(b.$.run("wait", 300, { task }), code("conflict"));
    await assert.rejects(b.$.run("wait", 300, { task, again: true } as object), code("conflict"));
    assert.equal(await a.$.run("wait", 300, { task }), 300);
  });

  test("who watches all hears of its own", async () => {
    const heard: unknown[] = [];
    const events = b.$.watch();
    const first = (async () => {
      for await (const event of events) {
        heard.push("task" in event ? event.task : event);
        if (event.type === "state" && event.state === "done") return;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await a.$.run("echo", "a");
    await boss.$.run("echo", "boss");
    const task = makeId();
    await b.$.run("echo", "b", { task });
    await first;
    assert.deepEqual([...new Set(heard)], [task]);
  });

  test("who may do all may hand a task to a token, which then sees it as its own", async () => {
    const handed = await boss.$.submit("echo", "for a", { owner: ofA.token });
    assert.equal(await a.$.task(handed.task).result(), "for a");
    await assert.rejects(b.$.get(handed.task), code("not_found"));
    assert.ok((await boss.$.list({ owner: ofA.token })).tasks.some(({ task }) => task === handed.task));
  });

  test("a retry stays its owner's", async () => {
    const { task } = await a.$.submit("wait", 60_000, { delay: "1h" });
    await a.$.cancel(task);
    await a.$.retry(task);
    await assert.rejects(b.$.get(task), code("not_found"));
    assert.equal((await boss.$.cancel(task)).owner, ofA.token);
  });

  test("administrative acts are in the audit log, with who, from where and what came of it; what is one's own is not", async () => {
    await boss.$.pause("math");
    await assert.rejects(a.$.pause("math"), code("forbidden"));
    await assert.rejects(boss.$.retry(makeId()), code("not_found"));
    await node.reload();
    const { entries } = await boss.$.audit();
    const told = entries.map(({ who, act, outcome }) => `${who} ${act} ${outcome}`);
    assert.deepEqual(told.slice(0, 4), [
      "process reload ok",
      "token retry not_found",
      `${ofA.token} pause forbidden`,
      "token pause ok",
    ]);
    assert.equal(entries[3]!.target, "math");
    assert.equal(entries[3]!.from, "127.0.0.1");
    assert.equal(entries[2]!.name, "a");
    // Of the test before: the cancel of a task that was a's, by another hand, and none of a's own cancels.
    assert.deepEqual(
      told.filter((line) => line.includes("cancel")),
      ["token cancel ok"],
    );
    const page = await boss.$.audit({ limit: 2 });
    assert.deepEqual((await boss.$.audit({ limit: 2, cursor: page.next! })).entries, entries.slice(2, 4));
    await assert.rejects(a.$.audit(), code("forbidden"));
  });

  test("many cancels by one hand are one act", async () => {
    const tasks = await Promise.all(
      Array.from({ length: 12 }, () => boss.$.submit("echo", 1, { delay: "1h" })),
    );
    await Promise.all(tasks.map((task) => task.cancel()));
    await node.stop();
    node = await place.start();
    const again = at(node, TOKEN);
    open.push(again);
    const [last] = (await again.$.audit()).entries;
    assert.deepEqual([last!.act, last!.target], ["cancel", "12 tasks"]);
  });
});

test("a secret is nowhere on the disk, in no list, and in no line of the log", async () => {
  using place = new Place();
  const lines: string[] = [];
  const note = (facts: object, text: string): void => void lines.push(JSON.stringify(facts) + text);
  const log = { debug: note, info: note, warn: note, error: note };
  const node = await place.start({ log });
  const boss = at(node, TOKEN);
  const { secret } = await boss.$.createToken({ name: "phone" });
  const phone = at(node, secret);
  assert.equal(await phone.$.run("echo", 1), 1);
  await assert.rejects(phone.$.stats(), code("forbidden"));
  const [, , secretPart] = /^tnd_([0-9a-f]{12})_(.*)$/.exec(secret)!;
  const told = JSON.stringify([await boss.$.tokens(), await boss.$.audit(), lines]);
  assert.ok(!told.includes(secretPart!));
  await boss.$.revokeToken(secret);
  await Promise.all([boss, phone].map((client) => client.$.close({ now: true })));
  const bytes = (): Buffer =>
    Buffer.concat(
      readdirSync(place.data, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
    );
  assert.ok(!bytes().includes(secretPart!), "while it runs");
  await node.stop();
  assert.ok(bytes().includes("phone"), "the row is there");
  assert.ok(!bytes().includes(secretPart!));
});

test("tokens hold beyond a restart, and so does their end; a client whose token is over is told so", async () => {
  using place = new Place();
  let node = await place.start();
  const first = at(node, TOKEN);
  const [lives, ends] = [await first.$.createToken({}), await first.$.createToken({})];
  await first.$.close();
  await node.stop();
  node = await place.start();
  const { port } = node.addresses[0]!;
  const boss = at(node, TOKEN);
  const [one, two] = [at(node, lives.secret), at(node, ends.secret)];
  assert.deepEqual([await one.$.run("echo", 1), await two.$.run("echo", 2)], [1, 2]);
  assert.equal((await boss.$.revokeToken(ends.token)).state, "revoked");
  await assert.rejects(
    (async () => {
      for (;;) await two.$.run("echo", 1);
    })(),
    code("unauthorized"),
  );
  await Promise.all([boss, one, two].map((client) => client.$.close({ now: true })));
  await node.stop();
  node = await place.start({ listen: [`127.0.0.1:${port}`] });
  await using three = at(node, lives.secret);
  await using four = at(node, ends.secret);
  assert.equal(await three.$.run("echo", 3), 3);
  await assert.rejects(four.$.run("echo", 4), code("unauthorized"));
  await node.stop();
});

test("there are so many tokens at most", async () => {
  using place = new Place();
  await using node = await place.start({ maxTokens: 2 });
  const { $ } = node.client;
  const [one] = [await $.createToken({}), await $.createToken({ all: true })];
  await assert.rejects(node.engine.createToken({}), code("busy"));
  await $.revokeToken(one.token);
  await $.createToken({});
  await assert.rejects($.createToken({ all: true, rate: "1/s" }), code("bad_request"));
  await assert.rejects($.createToken({ ops: ["audit"] }), code("bad_request"));
  await assert.rejects($.createToken({ rate: "fast" }), code("bad_request"));
});
