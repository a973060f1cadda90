import assert from "node:assert/strict";
import { test } from "node:test";
import { startNode } from "../../src/node/start-node.ts";
import { whatItUses } from "../../src/node/what-it-uses.ts";

test("a node tells the kinds of what it works with, and no address", async () => {
  await using node = await startNode({ data: ":memory:", threads: 1, actions: {} });
  const [view] = await node.client.$.nodes();
  assert.deepEqual(view!.uses, { queue: "embedded", store: "sqlite", blobs: "files" });
  const store = "postgres://app:secret@db/app";
  const told = [
    whatItUses({ queue: "amqp://app:secret@mq", store, blobs: "s3://bucket" }),
    whatItUses({ queue: null, store, blobs: "/mnt/blobs" }),
  ];
  assert.deepEqual(told, [
    { queue: "rabbitmq", store: "postgres", blobs: "s3" },
    { queue: "postgres", store: "postgres", blobs: "files" },
  ]);
});
