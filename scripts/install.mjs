// Installs the dependencies and builds dist/, once, before the first `npm start`, `npm test` or `npx tanda` of a fresh clone.
// Plain JavaScript: it runs under whatever Node (20 or later) the machine has, before ours is there.
// Two terminals may begin at once: one installs, the other waits for it.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const marker = `${root}node_modules/.package-lock.json`;
const lockfile = `${root}package-lock.json`;
/** Beside node_modules, which `npm ci` sweeps away. Whoever installs touches it all the while; an old one is a dead man's. */
const turn = `${root}.installing`;
const TOUCH_EVERY_MS = 1000;
const DEAD_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 200;

let isOurs = false;
let isTold = false;
while (!isReady() && !(isOurs = takeTurn())) {
  if (!isTold) console.error("Another command is installing Tanda in this folder: waiting for it …");
  isTold = true;
  await delay(LOOK_EVERY_MS);
}
if (isOurs) process.exitCode = await install();

/** While someone installs, what lies there is half of it. */
function isReady() {
  return !fs.existsSync(turn) && areModulesFresh() && isBuilt();
}

function areModulesFresh() {
  const installed = fs.statSync(marker, { throwIfNoEntry: false });
  const locked = fs.statSync(lockfile, { throwIfNoEntry: false });
  return installed !== undefined && (locked === undefined || installed.mtimeMs >= locked.mtimeMs);
}

/** `import "tanda"` in a file of this folder finds dist/; the node serves the page from there, so it may not be older than its sources. */
function isBuilt() {
  const page = fs.statSync(`${root}dist/page/index.html`, { throwIfNoEntry: false });
  return (
    fs.existsSync(`${root}dist/index.js`) &&
    page !== undefined &&
    page.mtimeMs >= newestOf(`${root}dashboard`)
  );
}

/** Zero where there is nothing. */
function newestOf(folder) {
  if (!fs.existsSync(folder)) return 0;
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  return Math.max(0, ...files.map(({ parentPath, name }) => fs.statSync(`${parentPath}/${name}`).mtimeMs));
}

/** @returns the exit code. */
async function install() {
  const touching = setInterval(() => {
    const now = new Date();
    fs.utimes(turn, now, now, () => undefined);
  }, TOUCH_EVERY_MS);
  try {
    if (!areModulesFresh()) {
      console.error("Installing what Tanda needs (once, under a minute) …");
      const code = await npm("ci", "--no-audit", "--no-fund", "--loglevel=error");
      if (code !== 0) {
        console.error("npm ci failed; the lines above say why. Run `npm ci` to try again.");
        return code;
      }
    }
    // `npm ci` builds too; this is for who has taken dist/ away since.
    return isBuilt() ? 0 : await npm("run", "-s", "build", "--", "--anyway");
  } finally {
    clearInterval(touching);
    fs.rmSync(turn, { force: true });
  }
}

/** Ctrl+C reaches npm by itself; we stay until it has ended, so that the turn is given back after it. */
function npm(...words) {
  const isWindows = process.platform === "win32";
  const child = spawn(isWindows ? "npm.cmd" : "npm", words, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: isWindows,
  });
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`npm cannot be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/** @returns whether it is ours to install. */
function takeTurn() {
  try {
    fs.writeFileSync(turn, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const taken = fs.statSync(turn, { throwIfNoEntry: false });
  if (taken !== undefined && Date.now() - taken.mtimeMs > DEAD_AFTER_MS) fs.rmSync(turn, { force: true });
  return false;
}
