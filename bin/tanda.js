#!/usr/bin/env node
// Starts Tanda with a Node that is new enough. Plain JavaScript: it runs under whatever Node (20 or later) the machine has.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OLDEST = 24;
const root = fileURLToPath(new URL("..", import.meta.url));
const source = `${root}src/cli/main.ts`;
// A checkout has sources and the script that installs; the published package has neither.
const isCheckout = existsSync(source) && existsSync(`${root}scripts/install.mjs`);

if (isCheckout) {
  const { status } = spawnSync(process.execPath, [`${root}scripts/install.mjs`], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
const main = isCheckout ? source : `${root}dist/cli/main.js`;

if (Number.parseInt(process.versions.node, 10) >= OLDEST) {
  await import(new URL(`file://${main}`).href);
} else {
  const newer = findNode();
  if (newer === null) {
    console.error(
      `Tanda needs Node ${OLDEST} or later; this is ${process.versions.node}.\n` +
        `Install it from https://nodejs.org, or put one beside Tanda: npm install node@${OLDEST}`,
    );
    process.exit(1);
  }
  // Nothing is said on the channel; that it closes tells the child that we are gone.
  const child = spawn(newer, [main, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, TANDA_WRAPPED: "1" },
  });
  // Ctrl+C reaches the whole group by itself; these are for who sends them to this process alone.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => undefined);
  child.on("error", (error) => {
    console.error(`${newer} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** The npm package `node`, in our own folder or in that of the project we are installed in. */
function findNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (const place of [`${root}node_modules/`, fileURLToPath(new URL("../..", import.meta.url))]) {
    for (const path of [`${place}node/bin/${name}`, `${place}.bin/${name}`])
      if (existsSync(path)) return path;
  }
  return null;
}
