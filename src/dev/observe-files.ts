/** Tells which files are written, whichever way of `node:fs` writes them. Called at the time of the call, not when it is done. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const FIRST_NAMES_IT = ["writeFile", "appendFile", "truncate", "createWriteStream"];
const SECOND_NAMES_IT = ["copyFile", "cp", "rename", "link", "symlink"];
const WRITES = fs.constants.O_WRONLY | fs.constants.O_RDWR;

type Functions = Record<string, ((...given: unknown[]) => unknown) | undefined>;

export function watchFiles(onWrite: (path: string) => void): void {
  const tell = (place: unknown): void => {
    const path = pathOf(place);
    if (path !== null) onWrite(path);
  };
  for (const functions of [fs, fs.promises] as unknown as Functions[]) {
    for (const name of FIRST_NAMES_IT) around(functions, name, ([path]) => tell(path));
    for (const name of SECOND_NAMES_IT) around(functions, name, ([, path]) => tell(path));
    around(functions, "open", ([path, flags]) => {
      if (opensToWrite(flags)) tell(path);
    });
  }
  syncBuiltinESMExports();
}

/** Also its synchronous twin. */
function around(functions: Functions, name: string, look: (given: unknown[]) => void): void {
  for (const each of [name, `${name}Sync`]) {
    const original = functions[each];
    if (original === undefined) continue;
    const observed = function (this: unknown, ...given: unknown[]): unknown {
      look(given);
      return original.apply(this, given);
    };
    // Among its properties is how `promisify` makes it a promise.
    functions[each] = Object.defineProperties(observed, Object.getOwnPropertyDescriptors(original));
  }
}

function opensToWrite(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & WRITES) !== 0;
  return typeof flags === "string" && /[wa+]/.test(flags);
}

/** Null for what is open already, and is no path. */
function pathOf(place: unknown): string | null {
  if (place instanceof URL) return fileURLToPath(place);
  if (typeof place === "string") return resolve(place);
  return Buffer.isBuffer(place) ? resolve(place.toString()) : null;
}
