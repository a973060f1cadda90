// src/*.ts → dist/*.js and *.d.ts, for publishing. The checkout itself runs from src/.
//   node scripts/build.mjs [FOLDER]     to a folder of one's own, so that nobody's dist/ is swept away under him
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { resolve } from "node:path";
import { ensureProjectNode, root } from "./project-node.mjs";

ensureProjectNode();
const out = resolve(process.argv[2] ?? `${root}dist`);
fs.rmSync(out, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`, "--outDir", out],
  { cwd: root, stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);

/** What is neither .ts nor a tsconfig goes along as it is: SQL, HTML and the like. */
for (const path of fs.globSync("**/*", { cwd: `${root}src` })) {
  const from = `${root}src/${path}`;
  if (!fs.statSync(from).isFile() || /\.ts$|(^|\/)tsconfig[^/]*\.json$/.test(path)) continue;
  fs.cpSync(from, `${out}/${path}`);
}
