import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEntry, TokenRecord } from "../../src/task/access.ts";
import { DONE, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";
import type { OpenStore } from "./store-contract.ts";

const token = (id: string, more: Partial<TokenRecord> = {}): TokenRecord => ({
  id,
  digest: "0f".repeat(32),
  name: null,
  scope: { own: true, ops: ["submit"], actions: ["upper", "re*"], maxBytes: 4096 },
  createdAt: T0,
  expiresAt: null,
  revokedAt: null,
  ...more,
});

const entry = (number: number, at: number): AuditEntry => ({
  id: `0000000${number}`,
  at,
  who: "token",
  name: null,
  from: "127.0.0.1",
  act: "pause",
  target: "math",
  outcome: "ok",
});

export function accessContract(open: OpenStore, keeps: boolean): void {
  test("tokens are kept as they were made, oldest first, also beyond a restart", async () => {
    await using opened = await open();
    const all = token("b".repeat(12), { scope: null, createdAt: T0 - 1, expiresAt: T0 + 5, name: "señal" });
    const some = token("a".repeat(12));
    await opened.store.access.keepTokens([some, all]);
    assert.deepEqual(await opened.store.access.tokens(), [all, some]);
    const again = await opened.reopen();
    assert.deepEqual(await again.access.tokens(), keeps ? [all, some] : []);
  });

  test("what is revoked stays so, in whatever order and however often it is told", async () => {
    await using opened = await open();
    const { access } = opened.store;
    const made = token("a".repeat(12));
    const at = async (): Promise<number | null> => (await access.tokens())[0]!.revokedAt;
    await access.keepTokens([made]);
    assert.equal(await at(), null);
    await access.keepTokens([{ ...made, revokedAt: T0 + 7 }]);
    await access.keepTokens([made]);
    assert.equal(await at(), T0 + 7);
    await access.keepTokens([{ ...made, revokedAt: T0 + 9 }]);
    assert.equal(await at(), T0 + 7);
    await access.keepTokens([{ ...made, revokedAt: T0 + 3 }]);
    assert.equal(await at(), T0 + 3);
  });

  test("acts are told newest first, since an instant and before one of them, and a repeat is no other", async () => {
    await using opened = await open();
    const { access } = opened.store;
    const acts = [1, 2, 3, 4].map((number) => entry(number, T0 + number));
    await access.record([]);
    await access.record(acts.slice(0, 3));
    await access.record(acts.slice(2));
    assert.deepEqual(await access.audit({ limit: 1000 }), acts.toReversed());
    assert.deepEqual(await access.audit({ limit: 2 }), [acts[3], acts[2]]);
    assert.deepEqual(await access.audit({ limit: 2, before: acts[2]!.id }), [acts[1], acts[0]]);
    assert.deepEqual(await access.audit({ limit: 9, since: T0 + 3 }), [acts[3], acts[2]]);
  });

  test("what is past its time is forgotten: acts, and tokens that were over", async () => {
    await using opened = await open();
    const { access } = opened.store;
    const acts = [1, 2, 3].map((number) => entry(number, T0 + number));
    const revoked = token("a".repeat(12), { revokedAt: T0 + 1, expiresAt: T0 + 100 });
    const expired = token("b".repeat(12), { expiresAt: T0 + 1 });
    const lives = token("c".repeat(12), { expiresAt: T0 + 100 });
    await access.record(acts);
    await access.keepTokens([revoked, expired, lives, token("d".repeat(12))]);
    await access.retireAccess(T0 + 2);
    assert.deepEqual(await access.audit({ limit: 9 }), [acts[2], acts[1]]);
    assert.deepEqual(
      (await access.tokens()).map(({ id }) => id[0]),
      ["c", "d"],
    );
  });

  test("a task keeps its owner, and is another request than one without, or of somebody else", async () => {
    await using opened = await open();
    const { store } = opened;
    const [owner, other] = ["a".repeat(12), "b".repeat(12)];
    const spec = newSpec({ owner });
    const ridden = newSpec({ owner });
    await store.apply([submit(spec), ride(ridden, DONE)]);
    await store.apply([simple("cancel", spec.id), simple("retry", spec.id)]);
    assert.deepEqual(
      (await store.get([spec.id, ridden.id])).map((row) => [row?.owner, row?.state]),
      [
        [owner, "queued"],
        [owner, "done"],
      ],
    );
    const verdicts = async (as: string | null): Promise<string[]> => {
      const again = { ...spec, owner: as };
      const applied = await store.apply([submit(again), ride(again, DONE)]);
      return applied.map(({ verdict }) => verdict);
    };
    assert.deepEqual(await verdicts(null), ["conflict", "conflict"]);
    assert.deepEqual(await verdicts(other), ["conflict", "conflict"]);
    assert.equal((await store.apply([submit(spec)]))[0]!.verdict, "unchanged");
  });

  test("a list of one owner has no other's, by any filter; a prefix is one of its own keys", async () => {
    await using opened = await open();
    const { store } = opened;
    const [a, b] = ["a".repeat(12), "b".repeat(12)];
    const keyed = (owner: string | null, key: string) =>
      newSpec({ owner, key: owner === null ? key : `${owner}/${key}` });
    const specs = [keyed(a, "order-1"), keyed(b, "order-1"), keyed(null, "order-1"), newSpec({ owner: a })];
    await store.apply(specs.map((spec) => submit(spec)));
    const listed = async (query: object): Promise<string[]> =>
      (await store.list({ limit: 10, ...query })).tasks.map(({ id }) => id);
    assert.deepEqual(await listed({ owner: a }), [specs[3]!.id, specs[0]!.id]);
    assert.deepEqual(await listed({ owner: a, state: "queued", action: "upper" }), [
      specs[3]!.id,
      specs[0]!.id,
    ]);
    assert.deepEqual(await listed({ owner: a, prefix: "order" }), [specs[0]!.id]);
    assert.deepEqual(await listed({ owner: a, prefix: specs[1]!.id }), []);
    assert.deepEqual(await listed({ owner: a, state: "done" }), []);
    assert.deepEqual(await listed({ prefix: "order" }), [specs[2]!.id]);
  });
}
