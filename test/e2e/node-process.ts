/** A real `tanda serve` as a child process on loopback, that tests may kill. Its port stays the same over restarts. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export type LogEvent = { level: number; msg: string } & Record<string, unknown>;

export class NodeProcess implements AsyncDisposable {
  readonly port: number;
  readonly data: string;
  readonly log: LogEvent[] = [];
  readonly #flags: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;
  #exited: Promise<number | null> = Promise.resolve(null);

  constructor(port: number, data: string, flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.port = port;
    this.data = data;
    this.#flags = flags;
    this.#env = env;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves when it listens; rejects with what it said when it does not come up. */
  async start(): Promise<void> {
    const args = [main, "serve", "--listen", `127.0.0.1:${this.port}`, "--data", this.data, ...this.#flags];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the node ended with ${code}: ${errors}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        let event: LogEvent;
        try {
          event = JSON.parse(line) as LogEvent;
        } catch {
          event = { level: 0, msg: line };
        }
        this.log.push(event);
        if (event.msg === "tanda listens") resolve();
      });
    });
  }

  /** @returns the exit code, null when a signal ended it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#exited;
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export async function startNodeProcess(
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<NodeProcess> {
  const data = await mkdtemp(join(tmpdir(), "tanda-e2e-"));
  const node = new NodeProcess(await freePort(), data, flags, env);
  try {
    await node.start();
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
  return node;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
