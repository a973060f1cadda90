/** Runs the real command line in a terminal of its own, by script(1), and types into it like a person. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const PATIENCE_MS = 20_000;

export const CTRL_C = "\u0003";

export class TerminalRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #wake: () => void = () => undefined;
  #seen = 0;
  /** All that was ever shown, without colours and the like; what was written over stands there too. */
  text = "";
  /** As it came, byte for byte. */
  raw = "";

  constructor(
    args: readonly string[],
    more: { server?: string; columns?: number; env?: Record<string, string> } = {},
  ) {
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    const command = `stty cols ${more.columns ?? 100} rows 40; exec ${words.join(" ")}`;
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      ...(more.server === undefined ? {} : { TANDA_SERVER: more.server }),
      LC_ALL: "C.UTF-8",
      SHELL: "/bin/sh",
      TERM: "xterm-256color",
      ...more.env,
    };
    // What a person's terminal does not have.
    for (const name of ["CI", "NO_COLOR", "FORCE_COLOR"]) delete env[name];
    const child = spawn("script", ["-qefc", command, "/dev/null"], { env, stdio: "pipe" });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      this.raw += chunk;
      this.text += stripVTControlCharacters(chunk).replaceAll("\r", "");
      this.#wake();
    });
    this.#ended = new Promise((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits until this stands in what came since the last sight. */
  async see(what: RegExp): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = what.exec(this.text.slice(this.#seen));
      if (found) {
        this.#seen += found.index + found[0].length;
        return;
      }
      const restMs = until - Date.now();
      assert.ok(restMs > 0, `${what} was never seen in: ${this.text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, restMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** @returns the exit code. */
  ended(): Promise<number> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
