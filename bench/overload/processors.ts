/**
 * Node and clients on processors of their own, so that what is measured is the node, and not the fight with those who flood it:
 * on machines of their own they would not meet either. Where that cannot be had they share all.
 */
import { fork, spawnSync, type ChildProcess } from "node:child_process";
import { availableParallelism, setPriority } from "node:os";

/** As `taskset` takes them. */
export type Processors = { readonly node: string; readonly clients: string };

export function splitProcessors(): Processors | null {
  const count = availableParallelism();
  const canPin = count > 1 && spawnSync("taskset", ["--version"]).status === 0;
  if (!canPin) return null;
  const half = count / 2;
  return { node: range(0, Math.floor(half)), clients: range(Math.floor(half), count) };
}

export type ClientOptions = {
  /** That they may use; all without it. */
  readonly processors?: string | undefined;
  /** How far below others, 0 to 19. */
  readonly nice?: number;
};

/** A process of clients, so that who measures is not held up by who floods. */
export function forkClients(entry: string, { processors, nice = 0 }: ClientOptions): ChildProcess {
  const pinned =
    processors === undefined ? {} : { execPath: "taskset", execArgv: ["-c", processors, process.execPath] };
  const child = fork(entry, { serialization: "advanced", ...pinned });
  if (nice > 0) setPriority(child.pid!, nice);
  return child;
}

function range(from: number, to: number): string {
  return to - from === 1 ? String(from) : `${from}-${to - 1}`;
}
