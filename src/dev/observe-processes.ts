/** Tells which programs are started, with their arguments. */
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

type Given = { file?: string; args?: readonly string[] };
type Functions = Record<string, (...given: unknown[]) => unknown>;

export function watchProcesses(onStart: (command: string) => void): void {
  // All that do not wait for its end come to this.
  const prototype = (childProcess as unknown as { ChildProcess: { prototype: Functions } }).ChildProcess
    .prototype;
  const { spawn } = prototype;
  prototype["spawn"] = function (this: unknown, ...given: unknown[]): unknown {
    const { file = "", args } = (given[0] ?? {}) as Given;
    onStart(args?.join(" ") || file);
    return spawn!.apply(this, given);
  };
  const functions = childProcess as unknown as Functions;
  for (const name of ["spawnSync", "execSync", "execFileSync"]) {
    const original = functions[name]!;
    functions[name] = (...given) => {
      const [file, args] = given;
      onStart([String(file), ...(Array.isArray(args) ? args : [])].join(" "));
      return original(...given);
    };
  }
  syncBuiltinESMExports();
}
