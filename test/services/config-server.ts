/**
 * A real balancer on loopback, run from a configuration's text in a folder of its own; it ends with the test process.
 * What differs between nginx and HAProxy is a {@link ConfigServerKind}.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { childrenOf } from "../e2e/serve-process.ts";
import { giveTo, GuardedProcess } from "./guarded-process.ts";

const START_MS = 20_000;

export type ConfigServerKind = {
  readonly program: string;
  readonly user: string;
  /** What makes its master read the configuration anew. */
  readonly reloadSignal: NodeJS.Signals;
  /** Words that run it in the foreground, its master's id in `pidFile`. */
  readonly runs: (folder: string, configFile: string, pidFile: string) => string[];
  readonly checks: (folder: string, configFile: string) => string[];
};

export class ConfigServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #kind: ConfigServerKind;
  #process: GuardedProcess | null = null;

  constructor(kind: ConfigServerKind, port: number, config: string) {
    this.#kind = kind;
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), "tanda-balancer-"));
    mkdirSync(join(this.folder, "logs"));
    this.write(config);
    giveTo(kind.user, this.folder);
  }

  write(config: string): void {
    writeFileSync(this.#configFile, config);
  }

  /** What it says of its configuration; rejects when it would not run with it. */
  async check(): Promise<string> {
    const words = this.#kind.checks(this.folder, this.#configFile);
    const { stdout, stderr } = await promisify(execFile)(this.#kind.program, words);
    return stdout + stderr;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    rmSync(this.#pidFile, { force: true });
    const words = this.#kind.runs(this.folder, this.#configFile, this.#pidFile);
    this.#process = new GuardedProcess(this.#kind.program, words, {
      user: this.#kind.user,
      env: process.env,
      logFile: this.#logFile,
    });
    const until = performance.now() + START_MS;
    while (!(this.#masterPid() > 0 && (await takesConnections(this.port)))) {
      if (performance.now() > until) throw new Error(`it did not start: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The processes that carry connections. */
  get workers(): number[] {
    return childrenOf(this.#masterPid());
  }

  /** Resolves when new workers have taken over; the old ones may go on with what they have. */
  async reload(): Promise<void> {
    const before = new Set(this.workers);
    process.kill(this.#masterPid(), this.#kind.reloadSignal);
    const until = performance.now() + START_MS;
    while (!this.workers.some((pid) => !before.has(pid))) {
      if (performance.now() > until) throw new Error(`it did not reload: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Master and workers: a worker would go on without its master. */
  async kill9(): Promise<void> {
    await this.#process?.kill();
  }

  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  get #configFile(): string {
    return join(this.folder, "balancer.conf");
  }

  get #pidFile(): string {
    return join(this.folder, "pid");
  }

  get #logFile(): string {
    return join(this.folder, "out.log");
  }

  #masterPid(): number {
    try {
      return Number(readFileSync(this.#pidFile, "utf8").trim());
    } catch {
      return 0;
    }
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
