/** Tells the service worker which files there are, and of which version: written before it when all of them are built. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Plugin } from "vite";

export const WORKER_FILE = "sw.js";

export function shellFiles(): Plugin {
  let folder = "";
  return {
    name: "shell-files",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      const path = join(folder, WORKER_FILE);
      const worker = readFileSync(path, "utf8");
      if (/\b(?:import|export)\b/.test(worker))
        throw new Error(`${WORKER_FILE} shares code with the page, and is no module`);
      const names = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
        .filter((name) => name !== WORKER_FILE)
        .sort();
      const hash = createHash("sha256");
      for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
      const files = names.map((name) => (name === "index.html" ? "./" : `./${name}`));
      const version = hash.digest("base64url").slice(0, 12);
      writeFileSync(
        path,
        `const SHELL_FILES=${JSON.stringify(files)},SHELL_VERSION="${version}";\n${worker}`,
      );
    },
  };
}
