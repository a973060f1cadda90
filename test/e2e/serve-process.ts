/** `tanda serve` as a person or a service manager starts it: at a terminal or not, with any flags, and what it leaves behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "src/cli/main.ts");
const PID_LINE = /^PID (\d+)\r?\n/m;

export type ServeOptions = {
  readonly args?: readonly string[];
  /** At a terminal of its own (util-linux or BSD `script` makes it), where `type` is a keyboard. */
  readonly isTerminal?: boolean;
  readonly env?: NodeJS.ProcessEnv;
};

/** A folder for one test: `data` inside it, and a temporary folder of its own, so that every leftover shows. */
export class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tanda-serve-"));
  readonly data = join(this.path, "data");
  readonly #temporary = join(this.path, "tmp");

  constructor() {
    mkdirSync(this.#temporary);
  }

  get leftovers(): string[] {
    return readdirSync(this.#temporary);
  }

  serve({ args = [], isTerminal = false, env = {} }: ServeOptions = {}): ServeProcess {
    const all = ["--listen", "127.0.0.1:0", "--data", this.data, ...args];
    return new ServeProcess(all, isTerminal, this.path, { ...env, TMPDIR: this.#temporary });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export class ServeProcess implements AsyncDisposable {
  /** Both streams, as they came. */
  raw = "";
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #isOver = false;
  #changed: (() => void)[] = [];

  constructor(args: readonly string[], isTerminal: boolean, cwd: string, env: NodeJS.ProcessEnv) {
    const all: NodeJS.ProcessEnv = { ...process.env, SHELL: "/bin/sh", TERM: "xterm-256color", ...env };
    // The test runner says that its output takes no colour, and so does a CI machine.
    for (const name of ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "CI"])
      if (!(name in env)) delete all[name];
    const command = [process.execPath, MAIN, "serve", ...args];
    const [program, ...rest] = isTerminal ? atTerminal(command) : ["/bin/sh", "-c", announced(command)];
    this.#child = spawn(program!, rest, { cwd, env: all, stdio: "pipe" });
    this.#child.stdin!.on("error", () => {});
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.raw += text;
        this.#tell();
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        this.#isOver = true;
        this.#tell();
        resolve(code);
      });
    });
  }

  /** Nobody reads any more what it prints. */
  deafen(): void {
    this.#child.stdout!.destroy();
    this.#child.stderr!.destroy();
  }

  /** Without colours and carriage returns. */
  get text(): string {
    return stripVTControlCharacters(this.raw).replaceAll("\r", "").replace(PID_LINE, "");
  }

  /** Of the node itself, whoever started it. */
  get pid(): number {
    return Number(PID_LINE.exec(this.raw)?.[1]);
  }

  /** Resolves when the text has it; rejects when the process ended without. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match) return match;
      if (this.#isOver) throw new Error(`it ended without ${pattern}:\n${this.text}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  /** @returns the port it got. */
  async listening(): Promise<number> {
    const [, port] = await this.until(
      /tanda listens[\s\S]*127\.0\.0\.1:(\d+)|127\.0\.0\.1:(\d+)[\s\S]*tanda listens/,
    ).then(([, after, before]) => [null, after ?? before]);
    return Number(port);
  }

  /** At a terminal: "\x03" is Ctrl+C, which goes to every process of the group. */
  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) {
      if (this.pid > 0) this.signal("SIGKILL");
      else this.#child.kill("SIGKILL");
      await this.exited;
    }
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** The shell tells its id and becomes the program. */
function announced(command: readonly string[]): string {
  return `echo "PID $$"; exec ${command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}`;
}

function atTerminal(command: readonly string[]): string[] {
  const line = announced(command);
  return process.platform === "linux"
    ? ["script", "-qefc", line, "/dev/null"]
    : ["script", "-q", "/dev/null", "/bin/sh", "-c", line];
}

/** Processes that a process has started and that still run. Linux tells it in files; where there are none, nobody can say. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          Number(
            readFileSync(`/proc/${name}/stat`, "utf8")
              .replace(/^.*\) \S+ /s, "")
              .split(" ")[0],
          ) === pid
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
