/** The threads of a node that is profiled, as the bench sees them: each has a connection of its own. */
import type { Profiler } from "node:inspector";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORDER } from "./stages.ts";
import { SOCKET_VARIABLE, type Order, type Told } from "./thread-recorder.ts";

export type Recorded = { readonly pid: number; readonly name: string; readonly profile: Profiler.Profile };

type Thread = { readonly socket: Socket; readonly pid: number; readonly name: string };

export class Recording implements AsyncDisposable {
  /** For the node's start. */
  readonly env: NodeJS.ProcessEnv;
  readonly #threads = new Set<Thread>();
  readonly #onTold = new Map<Socket, (told: Told) => void>();
  readonly #close: () => Promise<void>;

  private constructor(path: string, close: () => Promise<void>) {
    const others = process.env["NODE_OPTIONS"] ?? "";
    this.env = { [SOCKET_VARIABLE]: path, NODE_OPTIONS: `${others} --import=${RECORDER}` };
    this.#close = close;
  }

  static async open(): Promise<Recording> {
    const folder = await mkdtemp(join(tmpdir(), "tanda-profile-"));
    const path = join(folder, "threads");
    const server = createServer((socket) => recording.#greet(socket));
    const recording = new Recording(path, async () => {
      for (const { socket } of recording.#threads) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true });
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    return recording;
  }

  /** Samples all threads while the work is done. */
  async during(work: () => Promise<unknown>): Promise<Recorded[]> {
    const threads = [...this.#threads];
    await Promise.all(threads.map((thread) => this.#order(thread, "start")));
    await work();
    return Promise.all(
      threads.map(async (thread) => {
        const told = await this.#order(thread, "stop");
        if (told.type !== "stopped") throw new Error(`a thread said ${told.type} when it was to stop`);
        return { pid: thread.pid, name: thread.name, profile: told.profile };
      }),
    );
  }

  #order({ socket, name }: Thread, order: Order): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#onTold.set(socket, resolve);
      socket.once("close", () => reject(new Error(`the thread "${name}" ended while it was profiled`)));
      socket.write(`${order}\n`);
    });
  }

  #greet(socket: Socket): void {
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(socket, JSON.parse(line) as Told);
    });
    socket.on("error", () => socket.destroy());
  }

  #take(socket: Socket, told: Told): void {
    if (told.type !== "here") return this.#onTold.get(socket)?.(told);
    const thread = { socket, pid: told.pid, name: told.name };
    this.#threads.add(thread);
    socket.once("close", () => this.#threads.delete(thread));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
