import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const log = fileURLToPath(new URL("../../src/node/log.ts", import.meta.url));

/** Writes three megabytes, tells how much of them it holds, then goes on a little for as long as it is read. */
const TALKER = `
  import { createLog } from ${JSON.stringify(log)};
  const log = createLog(process.stdout, "info");
  for (let n = 0; n < 3000; n++) log.info({ n }, "x".repeat(1000));
  process.stderr.write(String(process.stdout.writableLength));
  setInterval(() => log.info({}, "still here"), 20);`;

test("a log that is not read does not fill the memory; who reads again is told how much is missing", async () => {
  const talker = spawn(process.execPath, ["--input-type=module", "-e", TALKER], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const [held] = (await once(talker.stderr, "data")) as [Buffer];
    assert.ok(Number(held) > 0 && Number(held) < 1_200_000, `it holds ${String(held)} bytes`);
    let text = "";
    for await (const chunk of talker.stdout.setEncoding("utf8")) {
      text += String(chunk);
      if (text.split("still here").length > 3) break;
    }
    const events = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { n?: number; level: number; lines?: number; msg: string });
    const told = events.filter(({ lines }) => lines !== undefined);
    const seen = events.filter(({ n }) => n !== undefined).length;
    const missing = told.reduce((sum, { lines }) => sum + lines!, 0);
    // A reader who falls behind once more on a busy machine is told once more.
    assert.ok(told.length >= 1 && told.every(({ level }) => level === 40), `told ${told.length} times`);
    assert.ok(missing > 0 && missing + seen >= 3000, `${missing} are missing, ${seen} were read`);
  } finally {
    talker.kill("SIGKILL");
  }
});
