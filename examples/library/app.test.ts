import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastifyInstance } from "fastify";
import { startNode, type TandaNode } from "../../src/index.ts"; // in a project of yours: from "tanda"
import actions from "./actions.ts";
import { createApp } from "./app.ts";

type Opened = AsyncDisposable & { app: FastifyInstance; node: TandaNode<typeof actions> };

async function openApp(): Promise<Opened> {
  const node = await startNode<typeof actions>({ data: ":memory:", actions });
  const app = createApp(node.client);
  return {
    app,
    node,
    async [Symbol.asyncDispose]() {
      await app.close();
      await node.stop();
    },
  };
}

test("takes a text, answers at once, and has the report later", async () => {
  await using opened = await openApp();
  const accepted = await opened.app.inject({
    method: "POST",
    url: "/reports",
    payload: { text: "One sentence. And another!" },
  });
  assert.equal(accepted.statusCode, 202);
  const { task } = accepted.json<{ task: string }>();
  assert.equal(accepted.headers.location, `/reports/${task}`);

  await opened.node.client.$.wait(task);
  const report = await opened.app.inject({ url: `/reports/${task}` });
  assert.deepEqual(report.json(), {
    state: "done",
    result: { words: 4, sentences: 2, minutes: 1 },
    error: null,
  });
});

test("the same idempotency key is the same report", async () => {
  await using opened = await openApp();
  const ask = async (text: string) =>
    opened.app.inject({
      method: "POST",
      url: "/reports",
      headers: { "idempotency-key": "order-7" },
      payload: { text },
    });
  const first = await ask("Seven.");
  const second = await ask("Seven.");
  assert.deepEqual(second.json(), first.json());
  assert.equal((await ask("Eight.")).statusCode, 409);
});

test("a text that is none is refused with 422", async () => {
  await using opened = await openApp();
  const reply = await opened.app.inject({ method: "POST", url: "/reports/now", payload: { text: "  " } });
  assert.equal(reply.statusCode, 422);
  assert.equal(reply.json<{ code: string }>().code, "invalid_input");
});

test("a task that nobody knows is 404", async () => {
  await using opened = await openApp();
  const reply = await opened.app.inject({ url: "/reports/01890a5d-ac96-774b-bcce-b302099a8057" });
  assert.equal(reply.statusCode, 404);
});
