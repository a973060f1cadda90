#!/usr/bin/env node
// The command `tanda`. In a checkout it runs src/, with the project's own Node; in the published package dist/.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OLDEST = 24;
const isCheckout = existsSync(new URL("../src/cli/main.ts", import.meta.url));
const isRecent = Number.parseInt(process.versions.node, 10) >= OLDEST;

if (isCheckout) await import(new URL("../scripts/install.mjs", import.meta.url).href);

if (isRecent) {
  const main = isCheckout ? "../src/cli/main.ts" : "../dist/cli/main.js";
  await import(new URL(main, import.meta.url).href);
} else if (isCheckout) {
  runUnder(fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url)));
} else {
  console.error(`tanda needs Node ${OLDEST} or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
}

/** The child is in our process group: the terminal's Ctrl+C reaches it without us. We only wait for its end. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
}
