/** The node's side of one pool process: its threads' links, what its supervisor says, and how it died. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { TandaError, type ErrorBody } from "../task/errors.ts";
import type { FromProcess, PoolSettings, ToProcess } from "./control-messages.ts";
import { CONTROL_FD, ControlPipe } from "./control-pipe.ts";
import { crashed } from "./handler-error.ts";
import { deathError } from "./process-death.ts";
import { ThreadLink } from "./thread-link.ts";

const ENTRY = fileURLToPath(new URL(`./pool-main${extname(import.meta.url)}`, import.meta.url));
const TAIL_CHARS = 8192;
/** After an exit: for what is on its way in pipes. A grandchild may hold stderr open for ever. */
const LAST_WORDS_MS = 100;

export type PoolOutput = { readonly stream: "stdout" | "stderr"; readonly text: string };

export type ChildEvents = {
  said(child: PoolChild, message: FromProcess): void;
  output(output: PoolOutput): void;
  /** Its links have said all they had to say. */
  died(child: PoolChild): void;
};

export type ChildSetup = {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly settings: PoolSettings;
};

export class PoolChild {
  readonly links = new Map<number, ThreadLink>();
  /** starting until a thread has loaded the actions; retiring: takes nothing new. */
  state: "starting" | "up" | "retiring" | "dead" = "starting";
  /** Why the node ended it, if it did. */
  endedFor: "close" | "retired" | "overdue" | null = null;
  rssBytes = 0;
  readonly #process: ChildProcess;
  readonly #control: ControlPipe<FromProcess, ToProcess>;
  #probe: PromiseWithResolvers<void> | null = null;
  #tail = "";
  #dying: ErrorBody | null = null;
  #death: ErrorBody | null = null;

  constructor(setup: ChildSetup, events: ChildEvents) {
    this.#process = spawn(setup.execPath, [...setup.execArgv, ENTRY], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: setup.env,
      windowsHide: true,
    });
    const child = this.#process;
    const pipe = child.stdio[CONTROL_FD] as Socket;
    this.#control = new ControlPipe(
      pipe,
      (message) => this.#take(message, events),
      () => this.garbled(),
    );
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.setEncoding("utf8").on("data", (text: string) => {
        if (stream === "stderr") this.#tail = (this.#tail + text).slice(-TAIL_CHARS);
        events.output({ stream, text });
      });
    }
    let isOver = false;
    const onExit = async (code: number | null, signal: string | null): Promise<void> => {
      if (isOver) return;
      isOver = true;
      await this.#lastWords();
      this.#death = this.#dying ?? deathError(code, signal, this.#tail, setup.settings.memoryMb);
      this.state = "dead";
      this.#probe?.reject(gone());
      child.stdout?.destroy();
      child.stderr?.destroy();
      pipe.destroy();
      events.died(this);
    };
    child.on("exit", (code, signal) => void onExit(code, signal));
    child.on("error", (error) => {
      this.#tail += error.message;
      if (child.pid === undefined) void onExit(null, null);
    });
    this.send({ type: "start", settings: setup.settings });
  }

  get pid(): number | null {
    return this.state === "dead" ? null : (this.#process.pid ?? null);
  }

  /** How it died. */
  get death(): ErrorBody {
    return this.#death ?? { code: "crashed", message: "the pool process ended" };
  }

  /** Resolves when it has answered; rejects when it is dead, or dies first. */
  probe(): Promise<void> {
    if (this.state === "dead") return Promise.reject(gone());
    if (this.#probe === null) {
      this.#probe = Promise.withResolvers();
      this.#probe.promise.catch(() => {}); // whoever asked may have gone away
      this.send({ type: "ping" });
    }
    return this.#probe.promise;
  }

  get inHandCount(): number {
    let count = 0;
    for (const link of this.links.values()) count += link.inHand.size;
    return count;
  }

  spawnThread(key: number): ThreadLink {
    const link = new ThreadLink(key, (message) => this.send(message));
    this.links.set(key, link);
    this.send({ type: "spawn", key });
    return link;
  }

  send(message: ToProcess): void {
    this.#control.send(message);
  }

  /** What came on one of its pipes is none of ours: users' code writes where it should not, and nothing more can be believed. */
  garbled(): void {
    this.#dying ??= {
      ...crashed("something wrote into the pipes between Tanda and the process that ran it"),
      hint: "A handler, or a library it uses, writes to a file descriptor that is not its own.",
    };
    this.#process.kill("SIGKILL");
  }

  #take(message: FromProcess, events: ChildEvents): void {
    if (message.type === "dying") this.#dying = message.error;
    else if (message.type === "rss") this.rssBytes = message.bytes;
    else if (message.type === "pong") {
      this.#probe?.resolve();
      this.#probe = null;
    }
    events.said(this, message);
  }

  kill(endedFor: NonNullable<PoolChild["endedFor"]>): void {
    this.endedFor ??= endedFor;
    this.#process.kill("SIGKILL");
  }

  async #lastWords(): Promise<void> {
    const until = performance.now() + LAST_WORDS_MS;
    const isOpen = (): boolean =>
      !this.#process.stderr!.readableEnded || [...this.links.values()].some((link) => link.isOpen);
    while (isOpen() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Of a pool whose process has died and whose next one has not started. */
export function gone(): TandaError {
  return new TandaError("unavailable", "the worker's process is starting again");
}
