/**
 * A server's process that ends with ours, also when ours is killed: between them stands a shell that reads from us, and when there is
 * nobody to read from any more, it takes its whole process group with it.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";

const GUARD = `"$@" </dev/null & read -r never; kill -9 0`;

export type GuardedOptions = {
  /** Whom it runs as where we are root: servers refuse to be. */
  user: string;
  env: NodeJS.ProcessEnv;
  /** Gets all it says. */
  logFile: string;
};

export class GuardedProcess {
  readonly #guard: ChildProcess;
  readonly #gone: Promise<void>;

  constructor(command: string, args: readonly string[], options: GuardedOptions) {
    const log = openSync(options.logFile, "a");
    const words = [...asUser(options.user), "sh", "-c", GUARD, "guard", command, ...args];
    this.#guard = spawn(words[0]!, words.slice(1), {
      stdio: ["pipe", log, log],
      env: options.env,
      detached: true,
    });
    closeSync(log);
    this.#gone = new Promise((resolve) => {
      this.#guard.once("exit", () => resolve());
      this.#guard.once("error", () => resolve());
    });
    // A guard that is gone reads no more.
    this.#guard.stdin?.on("error", () => {});
  }

  /** As kill -9 of the server and of all its helpers. Resolves when none of them is left. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#gone;
    while (this.signal(0)) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** To all of its group. @returns false when nobody is left. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return this.#guard.pid !== undefined && process.kill(-this.#guard.pid, signal);
    } catch {
      return false;
    }
  }
}

export function asUser(user: string): string[] {
  if (process.getuid?.() !== 0) return [];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
}

export function giveTo(user: string, folder: string): void {
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", `${user}:`, folder]);
}
