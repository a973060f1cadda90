// src/*.ts → dist/*.js and *.d.ts, for publishing. The checkout itself runs from src/.
//   node scripts/build.mjs [FOLDER]     to a folder of one's own, so that nobody's dist/ is swept away under him
//   node scripts/build.mjs --anyway     type errors are told, and that is all: half-done work must not keep `npm ci` from installing
//   node scripts/build.mjs --page       the page for people alone, from dashboard/
//   node scripts/build.mjs --no-page    all but the page
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { resolve } from "node:path";
import { ensureProjectNode, root } from "./project-node.mjs";

ensureProjectNode();
const words = process.argv.slice(2);
const isTolerant = words.includes("--anyway");
const out = resolve(words.find((word) => !word.startsWith("--")) ?? `${root}dist`);
const isPageAlone = words.includes("--page");
const place = isPageAlone ? `${out}/page` : out;
// Built beside it, and put in its place when it is whole: a node that starts meanwhile finds the old one.
const fresh = `${out}-${process.pid}-new`;
process.on("exit", () => fs.rmSync(fresh, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));
if (!isPageAlone) buildSources(fresh);
if (!words.includes("--no-page")) buildPage(isPageAlone ? fresh : `${fresh}/page`);
putInPlace();

function putInPlace() {
  const old = `${out}-${process.pid}-old`;
  fs.mkdirSync(resolve(place, ".."), { recursive: true });
  if (fs.existsSync(place)) fs.renameSync(place, old);
  fs.renameSync(fresh, place);
  fs.rmSync(old, { recursive: true, force: true });
}

/** @param out an empty folder, or none yet. */
function buildSources(out) {
  const status = run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", out);
  // tsc writes what it makes of files with type errors too.
  if (status !== 0 && !(isTolerant && fs.existsSync(`${out}/index.js`))) process.exit(status ?? 1);
  // What is neither .ts nor a tsconfig goes along as it is: SQL, HTML and the like.
  for (const path of fs.globSync("**/*", { cwd: `${root}src` })) {
    const from = `${root}src/${path}`;
    if (!fs.statSync(from).isFile() || /\.ts$|(^|\/)tsconfig[^/]*\.json$/.test(path)) continue;
    fs.cpSync(from, `${out}/${path}`);
  }
}

/** From dashboard/. */
function buildPage(out) {
  const status = run(
    "node_modules/vite/bin/vite.js",
    "build",
    "--logLevel",
    "warn",
    "--outDir",
    out,
    "dashboard",
  );
  if (status !== 0 && !isTolerant) process.exit(status ?? 1);
}

/** @returns its exit code. */
function run(script, ...args) {
  return spawnSync(process.execPath, [root + script, ...args], { cwd: root, stdio: "inherit" }).status;
}
