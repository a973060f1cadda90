/** One gateway or worker, with a link of its own to each thing it uses, and maybe a clock that can be moved. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childrenOf } from "../../e2e/serve-process.ts";
import { NodeProcess } from "../../e2e/node-process.ts";
import type { FaultProxy } from "../../services/fault-proxy.ts";

export const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

export type LinkTo = "PostgreSQL" | "RabbitMQ" | "S3";
export type Role = "gateway" | "worker";

export type BoxPlan = {
  readonly name: string;
  readonly role: Role;
  readonly port: number;
  readonly data: string;
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** To RabbitMQ there is one for each of its nodes. */
  readonly links: ReadonlyMap<LinkTo, readonly FaultProxy[]>;
  readonly hasMovableClock: boolean;
};

export class Box {
  readonly name: string;
  readonly role: Role;
  readonly node: NodeProcess;
  readonly links: ReadonlyMap<LinkTo, readonly FaultProxy[]>;
  readonly hasMovableClock: boolean;
  readonly #clockFile: string;

  constructor({ name, role, port, data, flags, env, links, hasMovableClock }: BoxPlan) {
    this.name = name;
    this.role = role;
    this.links = links;
    this.hasMovableClock = hasMovableClock && existsSync(FAKETIME);
    this.#clockFile = join(data, "clock");
    this.moveClock(0);
    this.node = new NodeProcess(port, data, flags, {
      ...env,
      ...(this.hasMovableClock ? this.#clock() : {}),
    });
  }

  get port(): number {
    return this.node.port;
  }

  /** Itself, and the processes of its pool. */
  get pids(): number[] {
    const { pid } = this.node;
    return [pid, ...childrenOf(pid)];
  }

  /** Of the wall; timers go on as they are. Known to it within a second. */
  moveClock(seconds: number): void {
    writeFileSync(this.#clockFile, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}\n`);
  }

  /** Of all of it at once. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) process.kill(pid, signal);
  }

  #clock(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#clockFile,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }
}
