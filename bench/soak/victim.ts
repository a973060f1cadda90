/** A node that is killed, whole or in part, and started again where it was. */
import { createServer, type AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { processesUnder } from "../process-tree.ts";
import { startNode, type BenchNode } from "../reach/node.ts";

const ACTIONS = fileURLToPath(new URL("actions.ts", import.meta.url));
const THREADS = "8";

export class Victim implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly temporary: string;
  #node: BenchNode | null = null;

  constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
    this.temporary = join(folder, "tmp");
  }

  static async open(): Promise<Victim> {
    const victim = new Victim(await freePort(), await mkdtemp(join(tmpdir(), "tanda-soak-")));
    await mkdir(victim.temporary);
    await victim.start();
    return victim;
  }

  /** Null while it is down. */
  get pid(): number | null {
    return this.#node?.pid ?? null;
  }

  async start(): Promise<void> {
    process.env["TMPDIR"] = this.temporary;
    const flags = ["--listen", `127.0.0.1:${this.port}`, "--threads", THREADS, "--actions", ACTIONS];
    this.#node = await startNode({ data: join(this.folder, "data"), flags });
  }

  /** @returns from the kill until it was ready again, in ms. */
  async killNode(): Promise<number> {
    const begunAt = performance.now();
    const node = this.#node!;
    this.#node = null;
    await node.kill();
    await this.start();
    return performance.now() - begunAt;
  }

  /** @returns whether there was one. */
  killPool(): boolean {
    const { pid } = this.#node!;
    const pool = processesUnder([pid]).find((one) => one.pid !== pid);
    return pool !== undefined && process.kill(pool.pid, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
