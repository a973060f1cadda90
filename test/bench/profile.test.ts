import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { breakdownOf } from "../../bench/profile/breakdown.ts";
import { placesOf, toFigures } from "../../bench/profile/figures.ts";
import { KINDS, kindOfTask, kindOfThread, type Kind } from "../../bench/profile/kinds.ts";
import { sharesOf } from "../../bench/profile/shares.ts";
import { COMMIT, placeOf, RECORDER, STATEMENTS, UNSEEN } from "../../bench/profile/stages.ts";
import type { Report } from "../../bench/report.ts";

const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const run = promisify(execFile);
const bench = (...args: string[]) => run(process.execPath, [main, "profile", ...args]);
const isLinux = process.platform === "linux";

function isNear(value: number, wanted: number, says: string): void {
  assert.ok(Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${says}: ${value}, ${wanted}`);
}

describe("the profile of a node", { skip: isLinux ? false : "it reads /proc", timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-profile-test-"));
  const chart = join(folder, "chart.svg");
  let said = "";
  let kept = "";
  let report: Report;

  before(async () => {
    const flags = ["--tasks", "20000", "--connections", "3", "--rounds", "1"];
    ({ stdout: said } = await bench(...flags, "--results", folder, "--chart", chart));
    kept = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith(".json"))!,
    );
    report = JSON.parse(readFileSync(kept, "utf8")) as Report;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("what places cost adds up to their stage, stages to their thread, and threads to the whole", () => {
    const { figures } = report.results[0]!;
    assert.equal(figures["tasks"], 20_000);
    assert.equal(figures["connections"], 3);
    assert.ok(figures["clientUs"]! > 0);
    const { us, threads } = breakdownOf(report)!;
    isNear(us, figures["nodeUs"]!, "all places are the node");
    const sum = (costs: readonly { us: number }[]): number => costs.reduce((all, one) => all + one.us, 0);
    isNear(sum(threads), us, "threads");
    for (const thread of threads) {
      isNear(sum(thread.stages), thread.us, thread.title);
      for (const stage of thread.stages) isNear(sum(stage.functions), stage.us, stage.name);
    }
  });

  test("the threads that have a part in every task were seen at work, each in its own stages", () => {
    const { threads } = breakdownOf(report)!;
    const stagesOf = (wanted: Kind): string[] =>
      threads.find(({ kind }) => kind === wanted)!.stages.map(({ name }) => name);
    for (const { kind, us } of threads.slice(0, 3)) assert.ok(us > 0, kind);
    for (const name of ["read requests, answer", "hand out, take back", "who is next"])
      assert.ok(stagesOf("main").includes(name), `${name}: ${stagesOf("main").join("; ")}`);
    for (const name of ["rows into SQLite", "begin, commit, flush"])
      assert.ok(stagesOf("store").includes(name), `${name}: ${stagesOf("store").join("; ")}`);
    assert.ok(stagesOf("handlers").includes("begin, end, report runs"), stagesOf("handlers").join("; "));
  });

  test("a person is shown every thread, its stages and their functions", () => {
    for (const { title } of KINDS) assert.match(said, new RegExp(`^${title} +[0-9.]+ µs`, "m"));
    assert.match(said, /^ {2}rows into SQLite +[0-9.]+ µs +\d+ % {2}#?\w+ \([a-z-]+\) [0-9.]+/m);
    assert.match(said, /^all +[0-9.]+ µs +100 %$/m);
    assert.doesNotMatch(said, /NaN|undefined|Infinity/);
  });

  test("the picture can be drawn, names every thread, and is kept beside the figures", async () => {
    const svg = readFileSync(chart, "utf8");
    for (const { title } of KINDS) assert.ok(svg.includes(`>${title}</text>`), title);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|="-/);
    const { width, height } = await sharp(Buffer.from(svg))
      .toBuffer({ resolveWithObject: true })
      .then(({ info }) => info);
    assert.ok(width > 500 && height > width, `${width} × ${height}`);
    assert.equal(readFileSync(kept.replace(/json$/, "svg"), "utf8"), svg);
  });

  test("a run that was kept is shown and drawn again, and nothing is measured", async () => {
    const again = join(folder, "again.svg");
    const { stdout } = await run(process.execPath, [main, "--from", kept, "--markdown", "--chart", again]);
    assert.equal(readFileSync(again, "utf8"), readFileSync(chart, "utf8"));
    assert.match(stdout, /^\| \*\*main thread\*\* \| [0-9.]+ \| \d+ % \|/m);
  });
});

test("a size is for the profile alone, and a whole number", async () => {
  const wrong = { code: 2, stderr: /--tasks takes a whole number/ };
  await assert.rejects(bench("--tasks", "many"), wrong);
  const others = run(process.execPath, [main, "W2", "--connections", "2"]);
  await assert.rejects(others, { code: 2, stderr: /not for alone/ });
});

const sources = new URL("../../src/", import.meta.url).href;
const ours = (functionName: string, path: string) => ({ functionName, url: sources + path });
const native = { functionName: "writeUtf8String", url: "" };

test("a sample belongs to the nearest function of ours, whatever it calls of Node", () => {
  const frames = [native, ours("flush", "gateway/lines.ts"), ours("admit", "engine/intake.ts")];
  const place = { stage: "read requests, answer", what: "flush (lines)" };
  assert.deepEqual(placeOf("main", frames), place);
  assert.deepEqual(placeOf("main", [{ functionName: "(program)", url: "" }]), {
    stage: "Node: sockets, its loop",
    what: "native code",
  });
  const node = { functionName: "nextTick", url: "node:internal/process/task_queues" };
  assert.equal(placeOf("main", [node])!.what, "nextTick (node:task_queues)");
  assert.equal(placeOf("main", [ours("", "node/duties/duty.ts")])!.what, "callback (duty)");
});

test("a collection of garbage is nobody's, and idleness and what the bench itself does are not counted", () => {
  const collector = { functionName: "(garbage collector)", url: "" };
  assert.equal(placeOf("main", [collector, ours("x", "engine/intake.ts")])!.stage, "garbage collection");
  assert.equal(placeOf("main", [{ functionName: "(idle)", url: "" }]), null);
  const recorder = { functionName: "obey", url: RECORDER };
  assert.equal(placeOf("main", [native, recorder]), null);
});

test("in the store's thread a commit is told apart from rows, and in a pool's the handler from what is around it", () => {
  const stage = (kind: Kind, name: string, path: string): string => placeOf(kind, [ours(name, path)])!.stage;
  assert.equal(stage("store", "run", "store/sqlite-apply.ts"), "begin, commit, flush");
  assert.equal(stage("store", "#insert", "store/sqlite-plain.ts"), "rows into SQLite");
  assert.equal(stage("store", "unpack", "store/sqlite-wire.ts"), "unpack, decide, reply");
  assert.equal(stage("main", "pack", "store/sqlite-wire.ts"), "to and from the store");
  assert.equal(stage("handlers", "run", "actions/builtin.ts"), "the handler, its checks");
  assert.equal(stage("handlers", "#begin", "worker/thread-runs.ts"), "begin, end, report runs");
});

test("the files that stages of the store are told by are there, and so is the function that commits", () => {
  const read = (file: string): string =>
    readFileSync(new URL(`../../src/store/${file}.ts`, import.meta.url), "utf8");
  for (const file of STATEMENTS) assert.match(read(file), /\.prepare\(/, file);
  const [, transaction] = read(COMMIT.file).split("class Transaction");
  assert.match(transaction!, new RegExp(`\\n {2}${COMMIT.functionName}[<(]`));
});

test("threads are known by the name they were given, as Linux cuts it too, and the first of a process by its place", () => {
  assert.equal(kindOfTask(false, true, "node-MainThread"), "main");
  assert.equal(kindOfTask(true, true, "tanda pool"), "supervisor");
  assert.equal(kindOfTask(false, false, "tanda store wri"), "store");
  assert.equal(kindOfTask(false, false, "tanda store rea"), "rest");
  assert.equal(kindOfTask(true, false, "tanda thread 53"), "handlers");
  assert.equal(kindOfTask(true, false, "node-V8Worker"), "beside");
  assert.equal(kindOfThread(false, "tanda store writer"), "store");
  assert.equal(kindOfThread(true, "tanda thread 535493"), "handlers");
  assert.equal(kindOfThread(false, ""), "main");
});

test("samples are counted, however long until the next, and spread what the threads cost", () => {
  const frame = (id: number, name: string, url: string, children: number[] = []) => ({
    id,
    children,
    callFrame: { functionName: name, url, scriptId: "0", lineNumber: 0, columnNumber: 0 },
  });
  const profile = {
    startTime: 0,
    endTime: 10_000,
    nodes: [
      frame(1, "(root)", "", [2, 3, 4]),
      frame(2, "submit", `${sources}engine/intake.ts`, [5]),
      frame(3, "take", `${sources}queue/window.ts`),
      frame(4, "(idle)", ""),
      frame(5, "stringify", ""),
    ],
    samples: [4, 2, 5, 5, 3, 4],
    timeDeltas: [500, 500, 500, 9000, 500, 500],
  };
  const shares = sharesOf("main", [profile, profile]);
  assert.deepEqual([...shares.get("admit, follow to its end")!], [["submit (intake)", 6]]);
  assert.deepEqual([...shares.get("who is next")!], [["take (window)", 2]]);

  const costs = { main: 8, store: 4, handlers: 2, beside: 1, supervisor: 0.5, rest: 0.25 };
  const places = placesOf(toFigures(costs, (kind) => (kind === "main" ? shares : null)));
  const usOf = (what: string): number => places.find((place) => place.what === what)!.us;
  assert.equal(usOf("submit (intake)"), 6);
  assert.equal(usOf("take (window)"), 2);
  assert.equal(
    places.reduce((sum, { us }) => sum + us, 0),
    15.75,
  );
});

test("a thread that no sample found at work keeps what it costs", () => {
  const costs = { main: 8, store: 4, handlers: 2, beside: 1, supervisor: 0.5, rest: 0.25 };
  const places = placesOf(toFigures(costs, () => new Map()));
  assert.deepEqual(
    places.map(({ stage, us }) => [stage, us]),
    Object.values(costs).map((us) => [UNSEEN, us]),
  );
});
