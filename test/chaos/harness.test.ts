/** The harness finds planted mistakes: in real processes, by what its own witnesses saw. The runs themselves are `npm run chaos`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import type { Summary } from "./harness/summary.ts";

const MAIN = fileURLToPath(new URL("./harness/main.ts", import.meta.url));
const PATIENT = { timeout: 300_000 };
const SEED = "1";

const skip =
  needs("haproxy").skip ||
  needs("postgres").skip ||
  needs("rabbitmq-server").skip ||
  needs("radosgw").skip ||
  needs("ceph-mon").skip ||
  needs("ceph-osd").skip ||
  needs("faketime").skip;

describe("the fault harness", { skip, timeout: 1_200_000 }, () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "tanda-chaos-test-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  const runWith = async (bug: string): Promise<{ code: number; summary: Summary }> => {
    const args = ["--bug", bug, "--seed", SEED, "--minutes", "0", "--rate", "60", "--blobs", "folder"];
    const code = await promisify(execFile)(process.execPath, [MAIN, ...args, "--folder", folder], {
      maxBuffer: 1 << 26,
    }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
    const summary = JSON.parse(await readFile(join(folder, `${SEED}.summary.json`), "utf8")) as Summary;
    return { code, summary };
  };

  for (const [bug, ...invariants] of [
    ["wrong-client", "I5"],
    // A customer who waits at once is told that there is no such task, or it is found to be missing later.
    ["answer-before-commit", "I1", "I8"],
    ["no-reaper", "I8"],
  ] as const)
    test(`finds a planted mistake by what it breaks: ${bug}`, PATIENT, async () => {
      const { code, summary } = await runWith(bug);
      assert.equal(code, 1);
      const broken = invariants.filter((invariant) => summary.invariants[invariant] === "broken");
      assert.notDeepEqual(broken, [], JSON.stringify(summary.invariants));
    });
});
