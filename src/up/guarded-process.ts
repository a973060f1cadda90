/**
 * A program that ends with us, also when we are killed: between us and it stands a shell that reads from us, and when there is nobody
 * to read from any more, it ends the program and all its helpers. They have a session of their own, so a Ctrl+C at our terminal
 * reaches only us. The shell tells what it knows on a pipe: the program's id, and how it ended.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { asUser } from "./as-user.ts";

/** Of what goes on after the first, kinder signal, little is left after five seconds. */
const GUARD = `exec 4<&0
end=$1
shift
"$@" </dev/null 3>&- 4<&- &
program=$!
echo "pid $program" >&3
{
  read -r never <&4
  kill -s "$end" "$program"
  left=50
  while kill -0 "$program" && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
  kill -9 0
} 2>/dev/null 3>&- &
wait "$program"
echo "exit $?" >&3
kill -9 0`;

export type GuardedOptions = {
  /** Whom it runs as where we are root: some servers refuse to be. Null: as we do. */
  readonly user: string | null;
  readonly env: NodeJS.ProcessEnv;
  /** Gets all it says. */
  readonly logFile: string;
  readonly cwd?: string;
  /** What it is ended with when nobody waits for it any more. QUIT for PostgreSQL: its helpers have sessions of their own. */
  readonly endWith?: "KILL" | "QUIT";
};

/** Both null: nobody knows, for its guard was killed too. */
export type Ending = { readonly code: number | null; readonly signal: string | null };

const SIGNALS: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

export class GuardedProcess {
  /** Resolves when it and its helpers are gone; rejects when not even the shell could be started. */
  readonly ended: Promise<Ending>;
  /** Resolves when the program's id is known, or there will be none. */
  readonly started: Promise<void>;
  readonly #guard: ChildProcess;
  #pid: number | null = null;
  #ending: Ending = { code: null, signal: null };

  constructor(command: string, args: readonly string[], options: GuardedOptions) {
    const log = openSync(options.logFile, "a");
    const guard = ["sh", "-c", GUARD, "guard", options.endWith ?? "KILL", command, ...args];
    const words = [...asUser(options.user), ...guard];
    this.#guard = spawn(words[0]!, words.slice(1), {
      stdio: ["pipe", log, log, "pipe"],
      env: options.env,
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    closeSync(log);
    // A guard that is gone reads no more.
    this.#guard.stdin!.on("error", () => {});
    const { promise, resolve: start } = Promise.withResolvers<void>();
    this.started = promise;
    let told = "";
    (this.#guard.stdio[3] as Readable).setEncoding("utf8").on("data", (text: string) => {
      told += text;
      this.#read(told);
      if (this.#pid !== null) start();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#guard.once("error", reject);
      this.#guard.once("close", () => void this.#clear().then(() => resolve(this.#ending)));
    });
    this.ended.catch(() => {}).finally(start);
  }

  /** The program's own; null before it is known. */
  get pid(): number | null {
    return this.#pid;
  }

  /** To the program alone, which tells its helpers what it wants. @returns false when it is not there. */
  signal(name: NodeJS.Signals): boolean {
    return this.#pid !== null && send(this.#pid, name);
  }

  /** To all of its group. @returns false when nobody is left. */
  signalAll(name: NodeJS.Signals | 0): boolean {
    return this.#guard.pid !== undefined && send(-this.#guard.pid, name);
  }

  /** As its guard would without us: at once, but so that nothing of it stays. */
  async end(): Promise<void> {
    this.#guard.stdin!.end();
    await this.ended.catch(() => {});
  }

  /** As kill -9 of it and of all its helpers. Resolves when none of them is left. */
  async kill(): Promise<void> {
    this.signalAll("SIGKILL");
    await this.ended.catch(() => {});
  }

  #read(told: string): void {
    const pid = /^pid (\d+)$/m.exec(told)?.[1];
    if (pid !== undefined) this.#pid = Number(pid);
    const exit = /^exit (\d+)$/m.exec(told)?.[1];
    if (exit === undefined) return;
    const signal = SIGNALS.get(Number(exit) - 128) ?? null;
    this.#ending = { code: signal === null ? Number(exit) : null, signal };
  }

  /**
   * Whoever killed the guard alone has left the program behind. Those that have ended count as there until somebody has asked how:
   * for orphans that is the first process of the machine, and not all of those are quick.
   */
  async #clear(): Promise<void> {
    for (let left = 40; left > 0 && this.signalAll("SIGKILL"); left--)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
