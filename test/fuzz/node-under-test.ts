/** The parent's side of a node under test: where it listens, whether it lives, what its log complained of, what it holds. */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Facts, FromNode } from "./door-node.ts";

const ENTRY = fileURLToPath(new URL("./door-node.ts", import.meta.url));

export class NodeUnderTest implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #data: string;
  readonly #exited: Promise<void>;
  #onFacts: ((facts: Facts) => void)[] = [];
  #said = "";
  #isStopping = false;
  plain = 0;
  proxy = 0;
  /** What its log has that must not be there, and how it died if it did. */
  readonly faults: string[] = [];
  hasDied = false;

  private constructor(child: ChildProcess, data: string) {
    this.#child = child;
    this.#data = data;
    child.stderr!.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    this.#exited = new Promise((resolve) =>
      child.once("exit", (code, signal) => {
        if (!this.#isStopping) {
          this.hasDied = true;
          this.faults.push(`the node died (${signal ?? code}): ${this.#said}`);
        }
        for (const onFacts of this.#onFacts.splice(0)) onFacts(NO_FACTS);
        resolve();
      }),
    );
  }

  static async start(): Promise<NodeUnderTest> {
    const data = await mkdtemp(join(tmpdir(), "tanda-fuzz-"));
    const child = fork(ENTRY, [data], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const node = new NodeUnderTest(child, data);
    await new Promise<void>((resolve, reject) => {
      child.once("exit", () => reject(new Error(`the node does not start: ${node.#said}`)));
      child.on("message", (message: FromNode) => {
        if (message.type === "fault") node.faults.push(message.text);
        else if (message.type === "facts") node.#onFacts.shift()?.(message.facts);
        else {
          node.plain = message.plain;
          node.proxy = message.proxy;
          resolve();
        }
      });
    });
    return node;
  }

  facts(): Promise<Facts> {
    if (!this.#child.connected) return Promise.resolve(NO_FACTS);
    return new Promise((resolve) => {
      this.#onFacts.push(resolve);
      this.#child.send("facts");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    if (this.#child.connected) this.#child.send("stop");
    await this.#exited;
    await rm(this.#data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

const NO_FACTS: Facts = { sockets: 0, inFlight: 0, inFlightBytes: 0, timers: 0, heapBytes: 0, rssBytes: 0 };
