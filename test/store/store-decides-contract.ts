/** Random events, held against a store that is nothing but `decide`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { decide, type Decision, type Outcome, type TaskEvent } from "../../src/task/decide.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, type Policy, type Task, type TaskSpec } from "../../src/task/task.ts";
import { DONE, ERROR, newSpec, T0 } from "./sample-events.ts";
import { createChance } from "../task/chance.ts";

/** A store that is nothing but `decide`, and the rule about keys. */
class Model {
  readonly rows = new Map<string, Task>();

  apply(event: TaskEvent): Decision {
    const stored = this.rows.get(event.id) ?? null;
    const key = event.spec?.key ?? null;
    const holder = key === null ? undefined : [...this.rows.values()].find((row) => row.key === key);
    if (holder !== undefined && holder.id !== event.id) {
      if (event.type === "submit") return decide(holder, event);
      if (stored === null) return { row: holder, verdict: "conflict" };
    }
    const decision = decide(stored, event);
    if (decision.row === null) this.rows.delete(event.id);
    else this.rows.set(event.id, decision.row);
    return decision;
  }
}

function createEventMaker(chance: () => number): (plain: "ride" | "submit" | null) => TaskEvent {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!;
  const maybe = <T>(share: number, value: T): T | null => (chance() < share ? value : null);
  const makeId = createIdMaker(3, () => T0, chance);
  const ids = Array.from({ length: 60 }, makeId);
  const policies: Policy[] = [
    DEFAULT_POLICY,
    { ...DEFAULT_POLICY },
    { ...DEFAULT_POLICY, attempts: 3, losses: 2 },
    { ...DEFAULT_POLICY, retentionMs: 1000 },
  ];
  let at = T0;
  const born = new Map<string, number>();
  const requests = new Map<string, Pick<TaskSpec, "action" | "payload" | "payloadBlob">>();
  /** Mostly what was asked for under this id before. */
  const request = (id: string): Pick<TaskSpec, "action" | "payload" | "payloadBlob"> => {
    const known = requests.get(id);
    if (known !== undefined && chance() < 0.8) return known;
    const made = {
      action: pick(["upper", "fib", "toString"]),
      payload: pick(['"a"', "1", `{"$blob":"${"a".repeat(64)}"}`]),
      payloadBlob: maybe(0.05, "b".repeat(64)),
    };
    requests.set(id, made);
    return made;
  };
  const spec = (id: string): TaskSpec => {
    if (!born.has(id)) born.set(id, at);
    return newSpec({
      id,
      ...request(id),
      queue: pick(["default", "math"]),
      priority: pick([0, 1, 2, 3] as const),
      key: maybe(0.15, pick(["k1", "k2", "k3"])),
      policy: pick(policies),
      dueAt: maybe(0.1, at + 1000),
      expiresAt: maybe(0.2, at + 5000),
      createdAt: at,
    });
  };
  const outcome = (): Outcome => {
    const x = chance();
    if (x < 0.6) return { type: "done", result: maybe(0.9, pick(['"A"', "null"])), resultBlob: null };
    if (x < 0.65) return { type: "done", result: null, resultBlob: { id: "c".repeat(64), bytes: 9 } };
    if (x < 0.85) return { type: "failed", error: ERROR, isFinal: chance() < 0.2 };
    return { type: "died", error: { code: "crashed", message: "died" }, isCharged: chance() < 0.7 };
  };
  /** `plain`: what most tasks are; a run of them goes several to a statement. */
  return (plain) => {
    at += Math.floor(chance() * 10);
    const id = chance() < (plain === null ? 0.5 : 0.95) ? makeId() : pick(ids);
    const plainSpec = { ...spec(id), key: null, dueAt: null, payloadBlob: null, payload: "[1]" };
    if (plain === "submit") {
      // Known later on, so that other events find them.
      if (chance() < 0.2) ids.push(id);
      return { type: "submit", id, at, spec: plainSpec };
    }
    if (plain === "ride") {
      return {
        type: "finish",
        id,
        at,
        attempt: 1,
        outcome: DONE,
        startedAt: at - 5,
        chance: 0,
        spec: plainSpec,
      };
    }
    const withSpec = chance() < 0.8 ? { spec: spec(id) } : {};
    const type = pick([
      "submit",
      "ride",
      "ride",
      "ride",
      "finish",
      "claim",
      "claim",
      "cancel",
      "expire",
      "due",
      "retry",
      "delete",
    ] as const);
    switch (type) {
      case "submit":
        return { type, id, at, spec: spec(id) };
      case "claim":
        return { type, id, at, attempt: pick([1, 1, 2, 3]), ...withSpec };
      case "ride":
      case "finish": {
        const attempt = type === "ride" ? 1 : pick([1, 2, 3]);
        const log = chance() < 0.1 ? [{ at, attempt, level: "info", text: "x" } as const] : undefined;
        const createdAt = chance() < 0.5 ? pick([born.get(id), born.get(id), at]) : undefined;
        const given = type === "ride" ? { spec: spec(id) } : { createdAt };
        const progress = maybe(0.1, "[1]");
        return {
          type: "finish",
          id,
          at,
          attempt,
          outcome: outcome(),
          startedAt: at - 5,
          chance: chance(),
          log,
          progress,
          ...given,
        };
      }
      default:
        return chance() < 0.1 ? { type, id, at, ...withSpec } : { type, id, at };
    }
  };
}

/** Undefined and absent are the same to the store. */
function checkAnswer(
  event: TaskEvent,
  answer: Awaited<ReturnType<Store["apply"]>>[number],
  decision: Decision,
): void {
  const what = JSON.stringify(event);
  assert.equal(answer.verdict, decision.verdict, what);
  if (answer.task === undefined) {
    assert.deepEqual([event.type, answer.verdict], ["finish", "applied"], what);
  } else {
    assert.deepEqual(answer.task, decision.row, what);
  }
}

function countsOf(rows: Iterable<Task>): string[] {
  const counts = new Map<string, number>();
  for (const { queue, action, state } of rows) {
    const key = JSON.stringify([queue, action, state]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Array.from(counts, ([key, count]) => `${key} ${count}`).sort();
}

/** @param open an empty store. @param seed tells the events. */
export function decidesContract(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly store: Store }>,
  seed: number,
): void {
  test(`random events leave the rows, answers and counts that the rules say (${name}, seed ${seed})`, async () => {
    await using opened = await open();
    const { store } = opened;
    const model = new Model();
    const chance = createChance(seed);
    const makeEvent = createEventMaker(chance);
    for (let done = 0; done < 4000;) {
      const plain = chance() < 0.6 ? null : chance() < 0.5 ? "ride" : "submit";
      const events = Array.from({ length: 1 + Math.floor(chance() * 40) }, () => makeEvent(plain));
      const answers = await store.apply(events);
      for (const [i, event] of events.entries()) checkAnswer(event, answers[i]!, model.apply(event));
      done += events.length;
    }
    const ids = [...model.rows.keys()];
    assert.deepEqual(await store.get(ids), [...model.rows.values()]);
    const counts = await store.counts();
    assert.deepEqual(
      counts
        .map(({ queue, action, state, count }) => `${JSON.stringify([queue, action, state])} ${count}`)
        .sort(),
      countsOf(model.rows.values()),
    );
    const byState = [...model.rows.values()].filter(({ state }) => state === "running").map(({ id }) => id);
    assert.deepEqual(
      (await store.running(1000)).map(({ id }) => id),
      byState.sort(),
    );
  });
}
