import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { openServer } from "./run-cli.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("a hundred megabytes of lines pass through a heap that could not hold them", async () => {
  const seen = { count: 0 };
  await using server = await openServer((message, peer) => {
    if (message.action === undefined) return false;
    seen.count++;
    server.received.length = 0;
    server.reads.length = 0;
    peer.send({ id: message.id, status: "done", result: { ok: true, data: message.payload } });
    return true;
  });
  const lines = 50_000;
  const child = spawn(process.execPath, ["--max-old-space-size=48", MAIN, "map", "echo", "--window", "200"], {
    env: { ...process.env, TANDA_SERVER: server.url },
  });
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => (bytes += chunk.length));
  child.stdin.on("error", () => undefined);
  const over = new Promise<number | null>((resolve) => child.on("close", resolve));
  const line = `${"y".repeat(1999)}\n`;
  for (let n = 0; n < lines; n++) {
    if (!child.stdin.write(line)) await Promise.race([once(child.stdin, "drain"), over]);
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
  assert.equal(await over, 0);
  assert.equal(seen.count, lines);
  assert.equal(bytes, lines * 2000);
});
