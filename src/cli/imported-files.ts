/** Tells when a module or one of its own files changes. */
import { readFileSync, watch, type FSWatcher } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Editors write in steps, and tools many files at once. */
const SETTLE_MS = 100;
/** `import … from "./x.ts"`, `export … from`, `import("./x.ts")`, `require("./x.js")`, `new URL("./x.ts", …)`. */
const RELATIVE = /\b(?:from|import|require|URL)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

/**
 * The file and those it names by a relative path, and those they name. As the text tells, so a broken module has its files
 * too, also one that is not there yet. Packages are not among them.
 */
export function importedFiles(file: string): Set<string> {
  const files = new Set([resolve(file)]);
  // A set may grow while it is gone through.
  for (const path of files) {
    for (const [, specifier] of textOf(path).matchAll(RELATIVE)) {
      const named = pathOf(specifier!, path);
      if (named !== null) files.add(named);
    }
  }
  return files;
}

/** Null for what is no path, which a text that only looks like an import may hold. */
function pathOf(specifier: string, from: string): string | null {
  try {
    return fileURLToPath(new URL(specifier, pathToFileURL(from)));
  } catch {
    return null;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Calls some time after a change. Editors save by renaming, so folders are watched and not files. */
export function watchImported(
  file: string,
  onChange: () => void,
  onError: (error: unknown) => void,
): { close(): void } {
  const folders = new Map<string, FSWatcher>();
  let files = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const changed = (): void => {
    follow();
    onChange();
  };
  const watchFolder = (folder: string): FSWatcher =>
    watch(folder, (_event, name) => {
      if (name !== null && !files.has(join(folder, name))) return;
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    }).on("error", onError);
  const follow = (): void => {
    files = importedFiles(file);
    const wanted = new Set([...files].map((path) => dirname(path)));
    for (const [folder, watcher] of folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      folders.delete(folder);
    }
    for (const folder of wanted) {
      if (folders.has(folder)) continue;
      try {
        folders.set(folder, watchFolder(folder));
      } catch (error) {
        onError(error);
      }
    }
  };
  follow();
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}
