/** A server in a process of its own: a file that, forked, says its port when it listens. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { endedOnInterruption } from "./interruption.ts";
import type { Server } from "./server.ts";

export function forkServer(file: string): Promise<Server> {
  return endedOnInterruption(start(file));
}

async function start(file: string): Promise<Server> {
  const child = fork(file);
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
