/** A node as users start it, in a folder that may outlive it, and that may be killed. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export type NodeOptions = {
  /** Kept; without it a fresh folder that goes with the node. */
  readonly data?: string;
  readonly flags?: readonly string[];
  /** What is run: the sources unless told. */
  readonly program?: string;
  /** The processors it may use, as `taskset` takes them: `0`, `0-3`. All without it. */
  readonly processors?: string;
};

export type BenchNode = AsyncDisposable & {
  readonly port: number;
  readonly pid: number;
  readonly data: string;
  /** From its start until a connection was answered PONG. */
  readonly readyMs: number;
  /** With no warning. Its pool ends by itself. */
  kill(): Promise<void>;
};

export async function startNode(options: NodeOptions = {}): Promise<BenchNode> {
  const { flags = [], program = SOURCE, processors } = options;
  const data = options.data ?? (await mkdtemp(join(tmpdir(), "tanda-reach-")));
  const args = [
    process.execPath,
    program,
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    data,
    "--log-level",
    "info",
    ...flags,
  ];
  const startedAt = performance.now();
  const pinned = processors === undefined ? [] : ["taskset", "-c", processors];
  const [command, ...rest] = [...pinned, ...args];
  const child = spawn(command!, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the node ended with ${code} before it listened`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const event = JSON.parse(line) as { msg: string; listen?: string[] };
        if (event.msg === "tanda listens") resolve(Number(event.listen![0]!.split(":").at(-1)));
      });
    });
    await pong(port);
    const readyMs = performance.now() - startedAt;
    return {
      port,
      pid: child.pid!,
      data,
      readyMs,
      kill: () => stop("SIGKILL"),
      async [Symbol.asyncDispose]() {
        await stop("SIGTERM");
        if (options.data === undefined) await rm(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

/** It is not said before the node is ready. */
async function pong(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  try {
    await new Promise<void>((resolve, reject) => {
      let said = "";
      socket.setEncoding("utf8");
      socket.on("data", (text: string) => {
        said += text;
        if (!said.includes("\n")) return;
        if (said.startsWith("PONG")) resolve();
        else reject(new Error(`PING was answered ${said.trim()}`));
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("PING was not answered")));
      socket.write("PING\n");
    });
  } finally {
    socket.destroy();
  }
}
