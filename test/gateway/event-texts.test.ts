import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTexts } from "../../src/gateway/event-texts.ts";
import { guardEvents } from "../../src/gateway/guarded-views.ts";
import type { Grant } from "../../src/gateway/grant.ts";
import type { TaskView, WatchEvent } from "../../src/protocol/messages.ts";

const view = {
  task: "t",
  action: "upper",
  owner: "ann",
  key: "ann:k",
  result: "HOLA",
} as unknown as TaskView;

function ended(): { event: WatchEvent; made: () => number } {
  let made = 0;
  const event: WatchEvent = {
    type: "state",
    at: 1,
    task: "t",
    action: "upper",
    queue: "default",
    state: "done",
    attempt: 1,
    get view() {
      made++;
      return view;
    },
  };
  return { event, made: () => made };
}

test("an event is made into text once, however many are told of it", () => {
  const texts = new EventTexts();
  const { event, made } = ended();
  assert.equal(texts.of(event), texts.of(event));
  assert.equal(made(), 1);
  assert.equal(JSON.parse(texts.of(event)).view.result, "HOLA");
});

test("who sees all is told the same event, who sees his own another", () => {
  const { event } = ended();
  const told: WatchEvent[] = [];
  const grantOf = (owner: string | null): Grant =>
    ({ owner, mayAction: () => true, mayQueue: () => true, isOver: false }) as unknown as Grant;
  const listener = (events: readonly WatchEvent[]): void => void told.push(...events);
  guardEvents(listener, grantOf(null), false)([event], false);
  guardEvents(listener, grantOf("ann"), false)([event], false);
  const [all, own] = told as { view?: TaskView }[];
  assert.equal(all, event);
  assert.equal(own!.view!.key, "k");
  assert.ok(!("owner" in own!.view!));
});
