// src/*.ts → dist/*.js and *.d.ts, for publishing. The checkout itself runs from src/.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { ensureProjectNode, root } from "./project-node.mjs";

ensureProjectNode();
fs.rmSync(`${root}dist`, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  { cwd: root, stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);

/** What is neither .ts nor a tsconfig goes along as it is: SQL, HTML and the like. */
for (const path of fs.globSync("**/*", { cwd: `${root}src` })) {
  const from = `${root}src/${path}`;
  if (!fs.statSync(from).isFile() || /\.ts$|(^|\/)tsconfig[^/]*\.json$/.test(path)) continue;
  fs.cpSync(from, `${root}dist/${path}`);
}
