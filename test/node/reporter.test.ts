/** What the author of an action sees of it in the node's log. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { startNode } from "../../src/index.ts";
import type { EngineLog } from "../../src/engine/parts.ts";

type Told = { level: string; text: string } & Record<string, unknown>;

const ACTIONS = `export default {
  talks: {
    run: (name) => {
      console.log("hello %s", name);
      console.warn("that is all");
    },
  },
  breaks: {
    run: () => {
      throw new Error("no such shop");
    },
  },
};
`;

test("what a handler prints is in the log at debug, and a failed task with the place in the author's file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tanda reporter-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "actions.js");
  writeFileSync(file, ACTIONS);
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  const told: Told[] = [];
  const at =
    (level: string) =>
    (facts: object, text: string): void =>
      void told.push({ ...facts, level, said: (facts as { text?: unknown }).text, text });
  const log: EngineLog = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  const toldBy = async (text: string, count: number): Promise<Told[]> => {
    for (;;) {
      const found = told.filter((one) => one.text.startsWith(text));
      if (found.length >= count) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  await using node = await startNode({ data: ":memory:", actions: pathToFileURL(file), log, threads: 1 });
  const later = await node.client.$.submit("talks", "Ada");
  await later.result();
  const said = await toldBy("talks says", 2);
  assert.deepEqual(
    said.map((one) => [one.level, one["said"], one["task"]]),
    [
      ["debug", "hello Ada", later.task],
      ["debug", "that is all", later.task],
    ],
  );

  await assert.rejects((await node.client.$.submit("breaks")).result(), /no such shop/);
  const [failure] = await toldBy("breaks failed", 1);
  assert.equal(failure!.level, "warn");
  assert.equal(failure!["error"], "no such shop");
  assert.equal(failure!["at"], `${file}:10:13`);
});
