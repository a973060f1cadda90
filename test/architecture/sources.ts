import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Import = {
  /** Path under src/ of what is imported, or the bare name of a package or builtin. */
  readonly target: string;
  readonly isPackage: boolean;
  /** `import type`: gone at run time. The rules count it all the same; only what a browser loads leaves it out. */
  readonly isTypeOnly: boolean;
};

export type Source = { readonly path: string; readonly lines: number; readonly imports: readonly Import[] };

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|[\s;{}()])\/\/[^\n]*/g;
const FROM = /^[ \t]*(import|export)(\s+type)?\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["'`]([^"'`$]+)["'`]/g;
const THREAD_ENTRY = /new URL\(\s*["'`](\.[^"'`$]*)(?:\$\{extname\([^)]*\)\})?["'`]\s*,\s*import\.meta\.url/g;

/** Reads what a file imports: statically, dynamically, and as the entry of a thread or process. */
export function readImports(path: string, text: string): Import[] {
  const code = text.replace(COMMENTS, "");
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean): void => {
    const isPackage = !specifier.startsWith(".");
    const target = isPackage ? packageName(specifier) : posix.join(posix.dirname(path), specifier);
    found.push({ target, isPackage, isTypeOnly });
  };
  for (const match of code.matchAll(FROM)) add(match[3]!, match[2] !== undefined);
  for (const match of code.matchAll(DYNAMIC)) add(match[1]!, false);
  for (const match of code.matchAll(THREAD_ENTRY)) {
    const specifier = match[1]!;
    // a folder or some other file, and nothing that runs
    if (/\.(json|html|css|js|mjs)$|(^|\/)\.{0,2}$/.test(specifier)) continue;
    add(specifier.endsWith(".ts") ? specifier : `${specifier}.ts`, false);
  }
  return found;
}

export function readSources(): Source[] {
  return globSync("**/*.ts", { cwd: `${ROOT}src` })
    .sort()
    .map((path) => {
      const text = readFileSync(`${ROOT}src/${path}`, "utf8");
      return { path, lines: text.trimEnd().split("\n").length, imports: readImports(path, text) };
    });
}

/** Those of the page for people; paths are under dashboard/. */
export function readPageSources(): Source[] {
  return globSync("**/*.{ts,tsx}", { cwd: `${ROOT}dashboard` })
    .sort()
    .map((path) => {
      const text = readFileSync(`${ROOT}dashboard/${path}`, "utf8");
      return { path, lines: text.trimEnd().split("\n").length, imports: readImports(path, text) };
    });
}

function packageName(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}
