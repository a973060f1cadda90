import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import type { Report } from "../../bench/report.ts";

const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const run = promisify(execFile);
const bench = (...args: string[]) => run(process.execPath, [main, ...args]);

/** Those that need no server and nothing from npm. */
const WANTED = ["W1 tanda", "W1 echo", "W2 tanda", "W2 echo", "commit"];
const NAMES = [
  "W1 echo",
  "W1 tanda 1-connection",
  "W1 tanda 4-connections",
  "W2 commit",
  "W2 echo",
  "W2 tanda",
];
const TITLES = [
  "Tanda, 1 connection",
  "Tanda, 4 connections",
  "bare TCP echo of JSON lines",
  "SQLite: one row",
];

describe("the comparison beside the peers, tried with a few tasks", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-bench-test-"));
  let said = "";
  let kept = "";
  let report: Report;

  before(async () => {
    const flags = ["--quick", "--rounds", "1", "--results", folder, "--chart", join(folder, "chart.svg")];
    ({ stdout: said } = await bench("peers", ...WANTED, ...flags));
    kept = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith(".json"))!,
    );
    report = JSON.parse(readFileSync(kept, "utf8")) as Report;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("every measure asked for is kept, with figures that are numbers, and what they were measured on", () => {
    assert.deepEqual(report.results.map(({ workload }) => workload).sort(), NAMES);
    for (const { workload, figures } of report.results) {
      assert.ok(Object.keys(figures).length > 1, workload);
      for (const [name, value] of Object.entries(figures))
        assert.ok(value > 0, `${workload} ${name}: ${value}`);
    }
    assert.equal(report.node, process.version);
    assert.equal(report.versions["SQLite"], process.versions.sqlite);
    assert.deepEqual(report.leftOut, []);
  });

  test("goals are judged of what was measured, and of nothing else", () => {
    assert.deepEqual(
      report.goals.map(({ says }) => says),
      ["W2 p50 × a commit of SQLite", "W2 p99 × its p50"],
    );
    for (const { says, value, isReached, demanded } of report.goals) {
      assert.equal(isReached, value <= Number(demanded.replace("at most ", "")), says);
    }
  });

  test("a person is shown every system with its figure and what it does for it", () => {
    for (const title of TITLES) assert.match(said, new RegExp(`^${title}.* [0-9.,]+ .*(yes|no)`, "m"));
    assert.match(said, /result back +kept +flushed/);
    assert.match(said, /W2 p99 × its p50: [0-9.]+ \(at most 6: (not )?reached\)/);
    assert.doesNotMatch(said, /NaN|undefined|Infinity/);
  });

  test("the chart can be drawn, and names every system that was measured", async () => {
    const chart = readFileSync(join(folder, "chart.svg"), "utf8");
    for (const title of TITLES) assert.ok(chart.includes(title), title);
    assert.doesNotMatch(chart, /NaN|undefined|Infinity/);
    const { width, height } = await sharp(Buffer.from(chart))
      .png()
      .toBuffer()
      .then((png) => sharp(png).metadata());
    assert.ok(width > 900 && height > 200, `${width} × ${height}`);
    assert.equal(readFileSync(kept.replace(/json$/, "svg"), "utf8"), chart);
  });

  test("a run that was kept is shown again as Markdown, and nothing is measured", async () => {
    const before = readdirSync(folder);
    const { stdout } = await bench("peers", "--from", kept, "--markdown");
    for (const title of TITLES) assert.ok(stdout.includes(`| ${title}`), title);
    const widths = stdout
      .split("\n\n")
      .filter((part) => part.startsWith("| "))
      .map(
        (table) =>
          new Set(
            table
              .trim()
              .split("\n")
              .map((line) => line.split("|").length),
          ).size,
      );
    assert.deepEqual(widths, [1, 1, 1]);
    assert.deepEqual(readdirSync(folder), before);
  });
});

test("a measure that does not exist is named, with those that do, and nothing is started", async () => {
  await assert.rejects(bench("peers", "W1 nobody"), {
    code: 2,
    stderr: /There is no W1 nobody; .*W1 bullmq always/,
  });
  await assert.rejects(bench("--rounds", "0"), { code: 2, stderr: /--rounds/ });
});
