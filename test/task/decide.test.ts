import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide, MAX_LOG_LINES, type Decision, type Outcome, type TaskEvent } from "../../src/task/decide.ts";
import { isFinal, mayBecome, STATES, type State } from "../../src/task/state.ts";
import { DEFAULT_POLICY, newTask, type LogLine, type Task } from "../../src/task/task.ts";
import {
  claim,
  DONE,
  ERROR,
  FAILED,
  finish,
  newSpec,
  ride,
  simple,
  submit,
  T0,
} from "../store/sample-events.ts";
import { createChance } from "./chance.ts";

const DIED: Outcome = { type: "died", error: { code: "lost", message: "host died" }, isCharged: true };
const UNCHARGED: Outcome = { ...DIED, isCharged: false };

function taskIn(state: State, more: Partial<Task> = {}): Task {
  const isStarted = state !== "scheduled" && state !== "queued";
  return {
    ...newTask(newSpec()),
    state,
    attempt: isStarted ? 1 : 0,
    startedAt: isStarted ? T0 : null,
    finishedAt: isFinal(state) ? T0 + 1 : null,
    dueAt: state === "scheduled" || state === "retrying" ? T0 + 1000 : null,
    ...more,
  };
}

function sum({ row, verdict }: Decision): string {
  return `${verdict} ${row?.state ?? "gone"}`;
}

/** Event by state it meets, in the order of STATES: what is said, and the state after. */
const TABLE: Record<string, [make: (row: Task) => TaskEvent, expected: string[]]> = {
  "the same submit": [(row) => submit(row), STATES.map((state) => `unchanged ${state}`)],
  "another submit": [(row) => submit({ ...row, payload: "2" }), STATES.map((state) => `conflict ${state}`)],
  "a claim of the next attempt": [
    (row) => claim(row.id, row.attempt + 1),
    STATES.map((state) => (state === "queued" ? "applied running" : `unchanged ${state}`)),
  ],
  "a claim of the next attempt by another request": [
    (row) => ({ ...claim(row.id, row.attempt + 1), spec: newSpec({ id: row.id, payload: "2" }) }),
    STATES.map((state) => `conflict ${state}`),
  ],
  "a finish of the next attempt by another request": [
    (row) => ({ ...finish(row.id, row.attempt + 1), spec: newSpec({ id: row.id, action: "lower" }) }),
    STATES.map((state) => `conflict ${state}`),
  ],
  "a finish of the next attempt of one that was made at another time": [
    (row) => ({ ...finish(row.id, row.attempt + 1), createdAt: row.createdAt - 1 }),
    STATES.map((state) => `conflict ${state}`),
  ],
  "a finish of the latest attempt": [
    (row) => finish(row.id, row.attempt),
    STATES.map((state) => (state === "running" ? "applied done" : `unchanged ${state}`)),
  ],
  "a finish of the next attempt": [
    (row) => finish(row.id, row.attempt + 1),
    STATES.map((state) => (state === "queued" ? "applied done" : `unchanged ${state}`)),
  ],
  "a cancel": [
    (row) => simple("cancel", row.id),
    [
      "applied cancelled",
      "applied cancelled",
      "applied cancelled",
      "applied cancelled",
      "refused done",
      "refused failed",
      "unchanged cancelled",
      "refused expired",
    ],
  ],
  "an expire": [
    (row) => simple("expire", row.id),
    [
      "applied expired",
      "applied expired",
      "unchanged running",
      "applied expired",
      ...["done", "failed", "cancelled", "expired"].map((state) => `unchanged ${state}`),
    ],
  ],
  "a due": [
    (row) => simple("due", row.id),
    STATES.map((state) =>
      state === "scheduled" || state === "retrying" ? "applied queued" : `unchanged ${state}`,
    ),
  ],
  "a retry": [
    (row) => simple("retry", row.id),
    [
      ...["scheduled", "queued", "running", "retrying"].map((state) => `unchanged ${state}`),
      "refused done",
      "applied queued",
      "applied queued",
      "applied queued",
    ],
  ],
  "a delete": [
    (row) => simple("delete", row.id),
    STATES.map((state) => (isFinal(state) ? "applied gone" : `refused ${state}`)),
  ],
};

describe("what becomes of a task", () => {
  for (const [name, [make, expected]] of Object.entries(TABLE)) {
    test(`${name} does in each state what the table says`, () => {
      const decided = STATES.map((state) => {
        const row = taskIn(state);
        return sum(decide(row, make(row)));
      });
      assert.deepEqual(decided, expected);
    });
  }

  test("what changes nothing hands back the very row", () => {
    for (const [make] of Object.values(TABLE)) {
      for (const state of STATES) {
        const row = taskIn(state);
        const { row: after, verdict } = decide(row, make(row));
        if (verdict !== "applied") assert.equal(after, row);
      }
    }
  });

  test("without a row and without a spec there is nothing to find", () => {
    for (const event of [claim("x", 1), finish("x", 1), simple("cancel", "x"), simple("delete", "x")]) {
      assert.deepEqual(decide(null, event), { row: null, verdict: "not_found" });
    }
  });

  test("an event with a spec makes the row first", () => {
    const spec = newSpec();
    assert.equal(sum(decide(null, ride(spec))), "applied done");
    assert.equal(sum(decide(null, { ...simple("cancel", spec.id), spec })), "applied cancelled");
    assert.equal(sum(decide(null, submit({ ...spec, dueAt: T0 + 1 }))), "applied scheduled");
    assert.equal(sum(decide(null, submit({ ...spec, dueAt: T0 }))), "applied queued");
  });
});

describe("the fence", () => {
  test("obeys an attempt only while the row is at it and claimed, or one before it and waiting", () => {
    for (const state of ["queued", "running"] as const) {
      for (const at of [0, 1, 2, 5]) {
        for (const attempt of [0, 1, 2, 3, 5, 6]) {
          const row = taskIn(state, { attempt: at });
          const isObeyed = state === "running" ? attempt === at : attempt === at + 1;
          const what = `${state} at ${at}, attempt ${attempt}`;
          assert.equal(decide(row, finish(row.id, attempt)).verdict === "applied", isObeyed, what);
          const isClaimed = state === "queued" && attempt === at + 1;
          assert.equal(decide(row, claim(row.id, attempt)).verdict === "applied", isClaimed, what);
          const overtakes = { ...claim(row.id, attempt), overtakes: true } as TaskEvent;
          const isOvertaken = state === "queued" && attempt === at + 2;
          assert.equal(decide(row, overtakes).verdict === "applied", isOvertaken, `${what}, overtaking`);
        }
      }
    }
  });

  test("a claim that overtakes an attempt takes the number after it, so that its end changes nothing", () => {
    const spec = newSpec();
    const { row } = decide(null, { ...claim(spec.id, 2), spec, overtakes: true } as TaskEvent);
    assert.deepEqual([row!.state, row!.attempt], ["running", 2]);
    assert.equal(decide(row, { ...finish(spec.id, 1), spec }).verdict, "unchanged");
    assert.equal(decide(row, finish(spec.id, 2)).row!.state, "done");
  });

  test("goes on counting through retries by hand", () => {
    const row = taskIn("failed", { attempt: 3, failures: 3, losses: 1, error: ERROR, expiresAt: T0 });
    const { row: again } = decide(row, simple("retry", row.id));
    assert.deepEqual(
      [again!.attempt, again!.failures, again!.losses, again!.error, again!.expiresAt, again!.finishedAt],
      [3, 0, 0, null, null, null],
    );
    assert.equal(decide(again, finish(row.id, 3)).verdict, "unchanged");
    assert.equal(decide(again, claim(row.id, 4)).verdict, "applied");
  });
});

describe("since when it may start", () => {
  test("a retry by hand and a loss make it ready when they happen, however old it is", () => {
    for (const state of ["failed", "cancelled", "expired"] as const) {
      const { row } = decide(taskIn(state), simple("retry", "", T0 + 86_000));
      assert.deepEqual([row!.state, row!.dueAt, row!.createdAt], ["queued", T0 + 86_000, T0]);
    }
    for (const outcome of [DIED, UNCHARGED]) {
      const row = taskIn("running");
      const { row: lost } = decide(row, finish(row.id, 1, outcome, T0 + 86_000));
      assert.deepEqual([lost!.state, lost!.dueAt], ["queued", T0 + 86_000]);
    }
  });

  test("what waited for its time, or for its next attempt, was ready when it was due", () => {
    const row = taskIn("retrying");
    assert.equal(decide(row, simple("due", row.id, T0 + 86_000)).row!.dueAt, row.dueAt);
  });

  test("a retry by hand passes by the first attempt, that may be under way without a claim", () => {
    const row = taskIn("cancelled", { attempt: 0, startedAt: null });
    const { row: again } = decide(row, simple("retry", row.id));
    assert.equal(again!.attempt, 1);
    assert.equal(decide(again, finish(row.id, 1)).verdict, "unchanged");
    assert.equal(decide(again, claim(row.id, 2)).verdict, "applied");
  });
});

describe("the budgets", () => {
  const policy = { ...DEFAULT_POLICY, attempts: 3, losses: 2 };
  const queued = (more: Partial<Task> = {}): Task => taskIn("queued", { policy, ...more });

  test("a failure is tried again until attempts are used up", () => {
    let row = queued();
    const states: State[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      row = decide(row, finish(row.id, attempt, FAILED)).row!;
      states.push(row.state);
      row = decide(row, simple("due", row.id)).row!;
    }
    assert.deepEqual(states, ["retrying", "retrying", "failed"]);
    assert.deepEqual([row.failures, row.losses, row.history.length, row.error], [3, 0, 3, ERROR]);
    assert.equal(row.finishedAt, T0 + 2);
  });

  test("a final failure is not tried again", () => {
    const row = queued();
    assert.equal(
      sum(decide(row, finish(row.id, 1, { ...FAILED, isFinal: true } as Outcome))),
      "applied failed",
    );
  });

  test("a charged loss is run again until losses are used up, and spends no attempt", () => {
    let row = queued();
    row = decide(row, finish(row.id, 1, DIED)).row!;
    assert.deepEqual([row.state, row.losses, row.failures, row.startedAt], ["queued", 1, 0, null]);
    row = decide(row, finish(row.id, 2, DIED)).row!;
    assert.deepEqual([row.state, row.losses, row.error?.code, row.history.length], ["failed", 2, "lost", 2]);
  });

  test("a loss that is not charged never ends a task", () => {
    let row = queued({ losses: 5 });
    for (let attempt = 1; attempt <= 50; attempt++)
      row = decide(row, finish(row.id, attempt, UNCHARGED)).row!;
    assert.deepEqual([row.state, row.losses], ["queued", 5]);
    assert.deepEqual([row.history.length, row.history.at(-1)!.attempt], [20, 50]);
  });

  test("of many log lines the latest are kept", () => {
    const lines = Array.from({ length: MAX_LOG_LINES }, (_, at): LogLine => ({
      at,
      attempt: 1,
      level: "info",
      text: "",
    }));
    const row = queued({ log: lines });
    const { row: after } = decide(row, { ...finish(row.id, 1), log: lines.slice(0, 3) });
    assert.deepEqual([after!.log.length, after!.log[0]!.at, after!.log.at(-1)!.at], [MAX_LOG_LINES, 3, 2]);
  });
});

test("every change of state is one the transition table allows", () => {
  const chance = createChance(11);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!;
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const policy = { ...DEFAULT_POLICY, attempts: pick([1, 2, 3]), losses: pick([1, 2, 3]) };
    const row = taskIn(pick(STATES), {
      policy,
      attempt: pick([0, 1, 2]),
      failures: pick([0, 1]),
      losses: pick([0, 1]),
    });
    const attempt = row.attempt + pick([0, 1]);
    const makers: (() => TaskEvent)[] = [
      () => claim(row.id, attempt),
      () => finish(row.id, attempt, pick([DONE, FAILED, DIED, UNCHARGED])),
      () => simple(pick(["cancel", "expire", "due", "retry", "delete"] as const), row.id),
      () => submit({ ...row, payload: pick(["1", row.payload]) }),
    ];
    const event: TaskEvent = pick(makers)();
    const { row: after, verdict } = decide(row, event);
    if (verdict !== "applied" || after === null || after.state === row.state) continue;
    seen.add(`${row.state} ${after.state}`);
    assert.ok(mayBecome(row.state, after.state), `${row.state} became ${after.state} by ${event.type}`);
  }
  const allowed = STATES.flatMap((from) =>
    STATES.filter((to) => mayBecome(from, to)).map((to) => `${from} ${to}`),
  );
  assert.deepEqual([...seen].sort(), allowed.sort());
});

test("what is final has an end, what is not has none, and only what is due later has an instant", () => {
  for (const [make] of Object.values(TABLE)) {
    for (const state of STATES) {
      const row = taskIn(state);
      const { row: after } = decide(row, make(row));
      if (after === null) continue;
      assert.equal(after.finishedAt !== null, isFinal(after.state), `${state} → ${after.state}`);
      if (isFinal(after.state)) assert.equal(after.dueAt, null);
    }
  }
});
