// Runs the tests:  npm test                        all of test/ and examples/ but test/chaos
//                  npm run test:chaos              servers and processes that are killed under load: minutes, and every core
//                  npm test -- test/store          a folder, a file or a glob, several if you like
//                  npm test -- --name "deadline"   only tests whose name matches
//                  npm test -- --except test/e2e   all but those of a folder, a file or a glob
//                  npm test -- --concurrency 1     so many files at once; 2 unless told
//                  npm test -- --linger 5          so many seconds a process may outlive its tests; 20 unless told
// Contract suites (store-contract.ts …) and fixtures are no tests of their own: only files named *.test.ts run.
// With CI=true a skipped test fails the run: what was not tried must not look green.
import fs from "node:fs";
import { relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { ExitWatch } from "./exit-watch.mjs";
import { ensureProjectNode, root, withNodeFirst } from "./project-node.mjs";

ensureProjectNode();
// Not before: an old Node does not read TypeScript.
const { installPrograms, neededBy } = await import("./system-programs.ts");

/** A test that needs longer says so with its own `timeout`. */
const TEST_TIMEOUT_MS = 60_000;
/** Nothing heard of any test for so long: a file does not end (an open handle, a spinning child). */
const SILENCE_MS = 240_000;
const TELLS_LEAVING = new URL("tell-leaving.mjs", import.meta.url).href;
/** Of so many files it is worth knowing which were slow. */
const MANY_FILES = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", multiple: true },
    except: { type: "string", multiple: true, default: [] },
    concurrency: { type: "string", default: "2" },
    linger: { type: "string", default: "20" },
  },
});
process.chdir(root);
process.env.PATH = withNodeFirst().PATH;

const isAll = positionals.length === 0;
const wanted = isAll ? find("{test,examples}/**/*.test.ts") : positionals.flatMap(find);
const unwanted = new Set([...values.except, ...(isAll ? ["test/chaos"] : [])].flatMap(find));
const files = wanted.filter((file) => !unwanted.has(file));
installPrograms(neededBy(files));
const isStrict = process.env.CI === "true";
const watchdog = new AbortController();
const open = new Map();
const exits = new ExitWatch(Number(values.linger) * 1000, (file) => open.has(file));
process.env.TANDA_TESTS_LEAVING = exits.folder;
const endless = [];
const skipped = [];
const times = [];
let counts = { passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0, tests: 0 };
let silence;

// A test run inside a test run (test/scripts/test-runner.test.ts) must report to its own parent only.
delete process.env.NODE_TEST_CONTEXT;
console.log(`Node ${process.versions.node}, ${files.length} test files`);
const events = run({
  files,
  concurrency: Number(values.concurrency),
  execArgv: [`--test-timeout=${TEST_TIMEOUT_MS}`, "--import", TELLS_LEAVING],
  signal: watchdog.signal,
  ...(values.name ? { testNamePatterns: values.name.map((name) => new RegExp(name, "i")) } : {}),
});
listen();
events.on("test:dequeue", (test) => {
  listen();
  // A file is a test too, named by its path; those of a suite have the file the suite is in, which may be no test file.
  if (isFile(test) || open.has(test.file)) open.set(test.file, test.name);
});
events.on("test:complete", (test) => {
  listen();
  // The summary comes later, in the order of the files: after those that do not end.
  if (isFile(test)) open.delete(test.file);
});
events.on("test:pass", (test) => {
  listen();
  if (test.skip !== undefined || test.todo !== undefined) skipped.push(test);
});
events.on("test:fail", listen);
events.on("test:summary", (summary) => {
  if (summary.file === undefined) {
    counts = summary.counts;
    return;
  }
  times.push({ file: relative(root, summary.file), seconds: summary.duration_ms / 1000 });
});
events.on("end", () => clearTimeout(silence));
events.compose(spec).pipe(process.stdout, { end: false });
await new Promise((resolve) => {
  events.on("close", resolve);
  events.on("end", resolve);
});
setImmediate(conclude);

function isFile({ name, file }) {
  return file !== undefined && resolve(name) === file;
}

function conclude() {
  exits.close();
  // Those that were ended count as failed; of their tests none did.
  const failed = counts.failed + counts.cancelled - exits.ended.size;
  const left = counts.skipped + counts.todo;
  if (left > 0) {
    console.log(isStrict ? "\nSkipped, which CI does not allow:" : "\nSkipped:");
    for (const { name, file, skip, todo } of skipped) {
      const reason =
        [skip, todo].find((said) => typeof said === "string" && said !== "") ?? "no reason given";
      console.log(`  ${file ? relative(root, file) : "?"}: ${name} (${reason})`);
    }
  }
  for (const file of exits.ended)
    console.log(`\n${relative(root, file)}: all tests passed, but Node did not exit and was ended.`);
  if (endless.length > 0) console.log(`\nNothing heard for ${SILENCE_MS / 1000} s. These files do not end:`);
  for (const [file, name] of endless) console.log(`  ${file} (last: ${name})`);
  if (times.length >= MANY_FILES) {
    console.log("\nWhat took longest:");
    for (const { file, seconds } of times.toSorted((a, b) => b.seconds - a.seconds).slice(0, MANY_FILES))
      console.log(`${seconds.toFixed(0).padStart(6)} s  ${file}`);
  }
  if (counts.tests === 0) console.log("\nNo test ran.");
  console.log(`\n${counts.passed} passed, ${failed} failed, ${left} skipped`);
  const isRed = failed > 0 || counts.tests === 0 || (isStrict && left > 0) || watchdog.signal.aborted;
  process.exit(isRed ? 1 : 0);
}

function listen() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    endless.push(...open);
    watchdog.abort();
  }, SILENCE_MS);
}

/** @returns the test files of a folder, a file or a glob; ends the run when there is none. */
function find(pattern) {
  const isFolder = fs.statSync(pattern, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const found = fs
    .globSync(isFolder ? `${pattern.replace(/\/$/, "")}/**/*.test.ts` : pattern, {
      exclude: ["**/node_modules/**", "**/fixtures/**"],
    })
    .sort();
  if (found.length === 0) {
    console.error(`No test file matches ${pattern}`);
    process.exit(1);
  }
  return found;
}
