/** A node as users start it: a process of its own, default settings, a fresh folder. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endedOnInterruption } from "./interruption.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

export type Server = AsyncDisposable & { readonly port: number; readonly pid: number };

/** @param env beside what it has from here. */
export function startServer(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Server> {
  return endedOnInterruption(start(flags, env));
}

async function start(flags: readonly string[], env: NodeJS.ProcessEnv): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "tanda-bench-"));
  const args = [main, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "info", ...flags];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the node ended with ${code} before it listened`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line) as { msg: string; listen?: string[] };
      if (event.msg === "tanda listens") resolve(Number(event.listen![0]!.split(":").at(-1)));
    });
  });
  return {
    port,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}
