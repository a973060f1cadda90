import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTexts } from "../../src/gateway/event-texts.ts";
import { guardEvents } from "../../src/gateway/guarded-views.ts";
import type { Grant } from "../../src/gateway/grant.ts";
import type { TaskView, WatchEvent } from "../../src/protocol/messages.ts";
import { until } from "../until.ts";
import { dial, openGateway } from "./open-gateway.ts";

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
  assert.equal(texts.of(event).bytes, texts.of(event).bytes);
  assert.equal(made(), 1);
  assert.equal(JSON.parse(texts.of(event).text).view.result, "HOLA");
});

test("a long event comes whole to each who watches, whatever its letters", async (t) => {
  const { port, engine } = await openGateway(t);
  const watchers = await Promise.all(["a", "b"].map(async (id) => ({ id, client: await dial(t, port) })));
  for (const { id, client } of watchers) client.send(`{"id":"${id}","op":"watch"}\n`);
  await Promise.all(watchers.map(({ client }) => client.lines(1)));
  const sender = await dial(t, port);
  const payloads = ["plain ".repeat(8000), "ñandú € 𝄞 ".repeat(5000), "short"];
  for (const payload of payloads) {
    sender.send(`{"id":1,"action":"hold","payload":${JSON.stringify(payload)}}\n`);
    await until(() => [...engine.rows.values()].some(({ state }) => state === "running"));
    engine.release();
  }
  const answers = await sender.lines(payloads.length);
  assert.deepEqual(
    answers.map((line) => JSON.parse(line).result.data),
    payloads,
  );
  for (const { id, client } of watchers) {
    const results = (): unknown[] =>
      client.text
        .split("\n")
        .filter((line) => line.includes('"state":"done"') && line.endsWith("}"))
        .map((line) => JSON.parse(line) as { id: string; data: { view: { result: unknown } } })
        .map((event) => (assert.equal(event.id, id), event.data.view.result));
    await client.until(() => results().length === payloads.length);
    assert.deepEqual(results(), payloads);
  }
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
