// The project's own Node: the npm package `node` of package.json. The machine's may be as old as 20.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const OLDEST = 24;

/** Runs the calling script again under the project's Node when this one is too old; returns only in a good one. */
export function ensureProjectNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST) return;
  const own = `${root}node_modules/node/bin/node`;
  if (!existsSync(own)) {
    console.error(
      `Node ${OLDEST} or later is needed; this is ${process.versions.node}. Run \`npm ci\` first.`,
    );
    process.exit(1);
  }
  const { status } = spawnSync(own, process.argv.slice(1), { stdio: "inherit", env: withNodeFirst(own) });
  process.exit(status ?? 1);
}

/** An environment in which `node` means this one, in shebangs of grandchildren too. */
export function withNodeFirst(node = process.execPath) {
  return { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
}
