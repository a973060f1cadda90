/** `tanda up --json` as a process of its own, in a folder and on ports of its own; what it starts is known by what it says. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { isFree } from "../../src/up/ports.ts";
import { isAlive, ROOT } from "./serve-process.ts";

export type UpEvent = { readonly event: string; readonly at: number } & Record<string, unknown>;

const GONE_WITHIN_MS = 10_000;

export class UpProcess implements AsyncDisposable {
  readonly events: UpEvent[] = [];
  readonly folder: string;
  readonly port: number;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #ownsFolder: boolean;
  #errors = "";
  #isOver = false;
  #changed: (() => void)[] = [];

  constructor(port: number, args: readonly string[], env: NodeJS.ProcessEnv = {}, folder?: string) {
    this.port = port;
    this.#ownsFolder = folder === undefined;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), "tanda-up-"));
    const words = ["up", ...args, "--json", "--listen", String(port), "--data", this.folder];
    this.#child = spawn(process.execPath, [join(ROOT, "src/cli/main.ts"), ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.events.push(JSON.parse(line) as UpEvent);
      this.#tell();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        this.#isOver = true;
        this.#tell();
        resolve(code);
      });
    });
  }

  /** The first event from `from` on that is meant; rejects when it ends without. */
  async until(isMeant: (event: UpEvent) => boolean, from = 0): Promise<UpEvent> {
    for (;;) {
      const found = this.events.slice(from).find(isMeant);
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`it ended without that: ${this.#errors}\n${this.#tail()}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  async ready(): Promise<void> {
    await this.until(({ event }) => event === "ready");
  }

  /** Of a process that is ready, by its name. */
  pidOf(name: string): number {
    return this.events.findLast((one) => one["name"] === name && one["state"] === "ready")!["pid"] as number;
  }

  get pids(): number[] {
    return [...new Set(this.events.map(({ pid }) => pid).filter((pid) => typeof pid === "number"))];
  }

  get ports(): number[] {
    const addresses = this.events.map(({ address }) => address).filter((text) => typeof text === "string");
    return [...new Set(addresses.map((text) => Number(text.split(":").at(-1))))];
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Rejects when something of it is still there after a while. */
  async gone(): Promise<void> {
    const until = performance.now() + GONE_WITHIN_MS;
    for (;;) {
      const alive = this.pids.filter(isAlive);
      const taken: number[] = [];
      for (const port of this.ports) if (!(await isFree("127.0.0.1", port))) taken.push(port);
      if (alive.length + taken.length === 0) return;
      if (performance.now() > until)
        throw new Error(`still there: ${alive.join()}; still taken: ${taken.join()}`);
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) {
      this.#child.kill("SIGKILL");
      await this.exited;
    }
    await this.gone();
    if (this.#ownsFolder)
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #tail(): string {
    return this.events
      .slice(-8)
      .map((event) => JSON.stringify(event))
      .join("\n");
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** @returns the first of so many in a row that are free. */
export async function freeRow(count: number): Promise<number> {
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 16_000);
    const row = Array.from({ length: count }, (_, index) => isFree("127.0.0.1", first + index));
    if ((await Promise.all(row)).every(Boolean)) return first;
  }
}

/** One line there, one line back. */
export function say(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${line}\n`));
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (!said.includes("\n")) return;
      resolve(said.split("\n")[0]!);
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("end", () => reject(new Error("it hung up")));
  });
}
