/** A peer is measured in processes of its own, as its users have it: its client here, which starts its workers. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { endedOnInterruption } from "./interruption.ts";
import { PEERS } from "./peers-package.ts";

const LIMIT_MS = 600_000;

/** @param where its server is; what that means is the peer's. @returns the figures that it prints last. */
export async function runPeer(
  file: string,
  where: string,
  workload: string,
  count: number,
): Promise<Record<string, number>> {
  // It ends when its channel to us does, and its workers when theirs to it do.
  const child = fork(join(PEERS, `${file}.mjs`), [where, workload, String(count)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    timeout: LIMIT_MS,
  });
  const exited = once(child, "exit");
  await using _process = await endedOnInterruption(
    Promise.resolve({
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await exited;
      },
    }),
  );
  const [said, [code, signal]] = await Promise.all([text(child.stdout!), exited]);
  if (code !== 0) throw new Error(`${file} ${workload} ended with ${code ?? signal}`);
  return JSON.parse(said.trim().split("\n").at(-1)!) as Record<string, number>;
}
