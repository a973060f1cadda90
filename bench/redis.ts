/** A Redis of the bench's own on loopback, with its log on: what BullMQ needs to promise anything. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { needs } from "../scripts/system-programs.ts";
import { freePort } from "../test/e2e/node-process.ts";
import { GuardedProcess } from "../test/services/guarded-process.ts";

export type Redis = AsyncDisposable & { readonly port: number; version(): Promise<string> };

/** @param appendfsync always: every answer after a flush; everysec: up to a second of what was answered can be lost. */
export async function startRedis(appendfsync: "always" | "everysec"): Promise<Redis> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "tanda-bench-redis-"));
  const logFile = join(dir, "out.log");
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir,
    appendonly: "yes",
    appendfsync,
    save: "",
    // As BullMQ asks for: a key that is thrown away is a job that is lost.
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const program = needs("redis-server").path;
  const server = new GuardedProcess(program, args, {
    user: null,
    env: process.env,
    logFile,
  });
  while (!(await isOpen(port))) {
    if (!server.signal(0)) throw new Error(`redis-server ended: ${await lastWords(logFile)}`);
    await delay(50);
  }
  return {
    port,
    version: async () => {
      const { stdout } = await promisify(execFile)(program, ["--version"]);
      return /v=(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function lastWords(logFile: string): Promise<string> {
  return existsSync(logFile) ? (await readFile(logFile, "utf8")).slice(-500) : "";
}
