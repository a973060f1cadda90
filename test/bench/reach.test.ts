import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { judge, quantileOf, type Measure } from "../../bench/reach/measure.ts";

const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const isLinux = process.platform === "linux";

type Report = {
  rounds: number;
  isQuick: boolean;
  results: { workload: string; figures: Record<string, number> }[];
  goals: { measure: string; figure: string; value: number; isReached: boolean }[];
};

describe("the bench of promises", { skip: isLinux ? false : "it reads /proc" }, () => {
  test("a run writes the figures of each round, and each goal with what became of it", async (t) => {
    const out = mkdtempSync(join(tmpdir(), "tanda-reach-test-"));
    t.after(() => rmSync(out, { recursive: true }));
    const args = [main, "reach", "priority", "idle", "connections", "--rounds", "1", "--quick", "--out", out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const files = readdirSync(out);
    assert.equal(files.length, 1);
    const report = JSON.parse(readFileSync(join(out, files[0]!), "utf8")) as Report;
    assert.equal(report.rounds, 1);
    assert.equal(report.isQuick, true);
    assert.deepEqual(
      report.results.map(({ workload }) => workload),
      ["CONNECTIONS", "IDLE", "PRIORITY"],
    );
    for (const { workload, figures } of report.results) {
      for (const [name, value] of Object.entries(figures)) assert.ok(value >= 0, `${workload} ${name}`);
    }
    assert.deepEqual(
      report.goals.map(({ figure }) => figure),
      ["manyToOne", "percentOfCore", "waitingShare", "drainingShare"],
    );
    for (const { measure, isReached } of report.goals) {
      const said = isReached ? /: reached\)$/ : /: not reached\)$/;
      assert.ok(stdout.split("\n").some((line) => line.startsWith(measure) && said.test(line)));
    }
  });

  test("a name that is none says which there are", async () => {
    const run = promisify(execFile)(process.execPath, [main, "reach", "speed"]);
    await assert.rejects(run, { code: 2, stdout: /SDK, HTTP, CONNECTIONS/ });
  });
});

test("a goal is held against the median, its bounds included", () => {
  const measure: Measure = {
    name: "X",
    goals: [
      { says: "most", figure: "a", atMost: 3 },
      { says: "least", figure: "a", atLeast: 3.5 },
      { says: "missing", figure: "b", atMost: 3 },
    ],
    run: async () => ({}),
  };
  const verdicts = judge(measure, [{ a: 1 }, { a: 9 }, { a: 3 }]);
  assert.deepEqual(
    verdicts.map(({ value, isReached }) => [value, isReached]),
    [
      [3, true],
      [3, false],
      [NaN, false],
    ],
  );
});

test("a quantile is one of the values, for nearly all the last", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
  assert.deepEqual(
    [quantileOf(hundred, 0.5), quantileOf(hundred, 0.99), quantileOf([7], 0.99)],
    [51, 100, 7],
  );
});
