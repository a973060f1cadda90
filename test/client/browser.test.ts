import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { connect } from "../../src/client/browser.ts";
import { startNode } from "../../src/node/start-node.ts";
import { LineServer } from "./line-server.ts";

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** Every file that runs when `entry` does, and everything they import that is no file. Types are gone by then. */
function walk(entry: URL): { files: Set<string>; foreign: Set<string> } {
  const files = new Set<string>();
  const foreign = new Set<string>();
  const visit = (url: URL): void => {
    if (files.has(url.href)) return;
    files.add(url.href);
    for (const match of readFileSync(fileURLToPath(url), "utf8").matchAll(IMPORT)) {
      if (match[1] !== undefined) continue;
      const target = match[2] ?? match[3] ?? match[4]!;
      if (target.startsWith(".")) visit(new URL(target, url));
      else foreign.add(target);
    }
  };
  visit(entry);
  return { files, foreign };
}

test("the client for browsers imports nothing of Node and no package", () => {
  const { files, foreign } = walk(new URL("../../src/client/browser.ts", import.meta.url));
  assert.deepEqual([...foreign], []);
  assert.ok(files.size > 10, "the walk saw its files");
  assert.ok(![...files].some((file) => file.endsWith("/tcp.ts")));
});

test("the walk does see what Node's client imports", () => {
  const { foreign } = walk(new URL("../../src/client/client.ts", import.meta.url));
  assert.ok(foreign.has("node:net"));
});

test("the client for browsers speaks over a WebSocket", async () => {
  await using server = await LineServer.socket();
  await using tanda = connect(`http://127.0.0.1:${server.port}/`);
  assert.deepEqual(await Promise.all([tanda.upper("a"), tanda.upper("b")]), ["A", "B"]);
});

test("over a WebSocket, a task too long for the node's line is refused, and the others beside it are not", async () => {
  await using node = await startNode({ data: ":memory:", listen: ["127.0.0.1:0"] });
  await using tanda = connect(`http://127.0.0.1:${node.addresses[0]!.port}/`);
  const codeOf = (call: Promise<string>): Promise<string> =>
    call.catch((error: { code?: string }) => error.code ?? "no code");
  const told = ["a", "x".repeat(2_000_000), "b", "ñ".repeat(1_000_000), "c"].map((text) =>
    codeOf(tanda.upper(text, { callTimeout: "20s" })),
  );
  assert.deepEqual(await Promise.all(told), ["A", "too_large", "B", "too_large", "C"]);
});
