import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createLog } from "../../src/node/log.ts";

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

for (const isTTY of [true, false]) {
  test(`${isTTY ? "at a terminal" : "for programs"} what comes from outside writes no line of its own and steers no terminal`, async () => {
    const out = Object.assign(new PassThrough(), { isTTY });
    const log = createLog(out as unknown as NodeJS.WriteStream, "info");
    const forged = 'a\r\n{"level":50,"msg":"forged"}\n12:00:00 error forged\u001b[2J\u009b\u202e\u2028';
    log.info({ action: forged, [forged]: 1, deep: { forged }, error: new Error(forged) }, "told");
    log.warn({ key: forged }, forged);
    const text = String(Buffer.concat(await out.end().toArray()));
    const lines = text.split(/[\n\r\u2028\u0085]/);
    assert.equal(lines.length, 3, text);
    for (const mark of ["\u001b[2J", "\u009b", "\u202e"])
      assert.ok(!text.includes(mark), JSON.stringify(text));
    if (isTTY) return;
    const [first, second] = lines.map((line) => line && (JSON.parse(line) as Record<string, unknown>));
    assert.equal((first as Record<string, unknown>)["action"], forged);
    assert.equal((second as Record<string, unknown>)["msg"], forged);
  });
}
