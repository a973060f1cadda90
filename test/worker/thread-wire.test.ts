import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { LONG } from "../../src/protocol/pieces.ts";
import type { Run } from "../../src/worker/pool.ts";
import { RunBatch } from "../../src/worker/run-batch.ts";
import { encodeRunHead, END, FrameCutter, type WireRun } from "../../src/worker/thread-wire.ts";

function cutAll(chunks: readonly string[]): string[] {
  const cutter = new FrameCutter();
  const frames: string[] = [];
  for (const chunk of chunks) cutter.cut(chunk, (text, from, end) => frames.push(text.slice(from, end)));
  return frames;
}

describe("frames", () => {
  const frames = ["", "D1 2 3 null", "x".repeat(30), "", "ñ€𝄞", "last"];
  const text = frames.map((frame) => frame + END).join("");

  test("come out whole wherever what arrives is cut", () => {
    for (let size = 1; size <= text.length; size++) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g"))!;
      assert.deepEqual(cutAll(chunks), frames, `${size} characters at a time`);
    }
  });

  test("are not told before they have ended", () => {
    assert.deepEqual(cutAll(["one", " and a half", END + "two"]), ["one and a half"]);
  });
});

describe("runs that are handed over together", () => {
  const run = (payload: string, payloadBlob: string | null = null): Run =>
    ({ task: `t${payload.length}`, payload, payloadBlob }) as Run;
  const long = `"${"ñ".repeat(LONG)}"`;
  const head = encodeRunHead('"echo"', 1, 2000);

  for (const [says, runs] of Object.entries({
    "a short one": [run("1")],
    "a long one": [run(long)],
    "long ones between short ones": [run("1"), run(long), run("[2]"), run(long), run(long), run("{}")],
    "one with its payload elsewhere": [run(long), run("", "blob"), run("3")],
  })) {
    test(`are one frame: ${says}`, async () => {
      const batch = new RunBatch();
      const pipe = new PassThrough({ encoding: "utf8", highWaterMark: 1e6 });
      runs.forEach((it, index) => batch.add(index, head, it));
      const { length } = batch;
      batch.writeTo(pipe);
      assert.equal(batch.length, 0);
      batch.writeTo(pipe);
      pipe.end();
      const frames = cutAll((await pipe.toArray()) as string[]);
      assert.equal(frames.length, 1);
      assert.equal(frames[0]!.length, length + 1);
      assert.deepEqual(
        JSON.parse(frames[0]!),
        runs.map(({ task, payload, payloadBlob }, index): WireRun => [
          index,
          "echo",
          1,
          2000,
          task,
          payloadBlob,
          payloadBlob === null ? JSON.parse(payload) : null,
        ]),
      );
    });
  }
});
