// The whole suite on Node 24, the oldest that Tanda supports; arguments as for `npm test`.
// That Node lies in node_modules/.cache, out of the way of the project's own.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { root, withNodeFirst } from "./project-node.mjs";

const VERSION = "24.21.0";
const place = `${root}node_modules/.cache/node-${VERSION}`;
const node = `${place}/node_modules/node/bin/node`;

if (!fs.existsSync(node)) {
  console.log(`Fetching Node ${VERSION} …`);
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(`${place}/package.json`, `{ "private": true }\n`);
  const { status } = spawnSync(
    "npm",
    ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", `node@${VERSION}`],
    { cwd: place, stdio: "inherit" },
  );
  if (status !== 0 || !fs.existsSync(node)) {
    console.error(`Node ${VERSION} could not be fetched from the npm registry.`);
    process.exit(1);
  }
}

const { status } = spawnSync(node, [`${root}scripts/test.mjs`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: withNodeFirst(node),
});
process.exit(status ?? 1);
