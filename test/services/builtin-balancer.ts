/** `tanda balancer builtin` as a process of its own, that tests may kill; it ends with the test process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatAddress } from "../../src/gateway/listen.ts";
import type { BalancerOptions } from "../../src/balancer/options.ts";
import { GuardedProcess } from "./guarded-process.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const START_MS = 20_000;

export class BuiltinProcess implements AsyncDisposable {
  readonly workers: readonly number[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "tanda-balancer-"));
  readonly #words: readonly string[];
  #process: GuardedProcess | null = null;

  constructor({ listen, nodes, isProxy, checkMs }: BalancerOptions) {
    const told = `--listen ${formatAddress(listen)} --nodes ${nodes.map(formatAddress).join()}`;
    const more = `--proxy ${isProxy ? "on" : "off"} --check ${checkMs}ms`;
    this.#words = `balancer builtin ${told} ${more}`.split(" ");
  }

  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  async start(): Promise<void> {
    writeFileSync(this.#logFile, "");
    this.#process = new GuardedProcess(process.execPath, [MAIN, ...this.#words], {
      user: "root",
      env: process.env,
      logFile: this.#logFile,
    });
    const until = performance.now() + START_MS;
    while (!this.log.includes("balancer listens on")) {
      if (performance.now() > until) throw new Error(`it did not start: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill9(): Promise<void> {
    await this.#process?.kill();
  }

  async reload(): Promise<void> {
    throw new Error("it has nothing to reload");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #logFile(): string {
    return join(this.#folder, "out.log");
  }
}
