import assert from "node:assert/strict";
import { test } from "node:test";
import { Outgoing, tell } from "../../src/queue/outgoing.ts";
import { message } from "./queue-contract.ts";

const options = {
  limits: { tasks: 100, bytes: 1e6 },
  tasksAtOnce: () => 200,
  whereOf: () => ({ name: "default", priority: 1 }),
};

test("what is on its way out already is not sent twice, and all who wanted it sent are told", () => {
  const outgoing = new Outgoing(options);
  const one = message();
  const told: string[] = [];
  assert.ok(outgoing.add(one, null, 0));
  assert.ok(outgoing.add(one, (_message, isConfirmed) => told.push(`second ${isConfirmed}`), 0));
  assert.ok(outgoing.add(one, (_message, isConfirmed) => told.push(`third ${isConfirmed}`), 0));
  assert.equal(outgoing.size, 1);
  const parcel = outgoing.cut(outgoing.lanes()[0]!, 0);
  assert.ok(parcel);
  assert.equal(parcel.items.length, 1);
  for (const item of parcel.items) tell(item, false);
  assert.deepEqual(told, ["second false", "third false"]);
});

test("who wants to let go of what is taken out again may", () => {
  const outgoing = new Outgoing(options);
  const one = message();
  let isSettled = false;
  outgoing.add(one, (_message, isConfirmed) => (isSettled = isConfirmed), 0);
  assert.ok(outgoing.remove(one.spec.id));
  assert.ok(isSettled);
  assert.equal(outgoing.remove(one.spec.id), false);
});
