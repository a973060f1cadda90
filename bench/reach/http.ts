/** Waited-for tasks over HTTP, by keep-alive connections of wrk: a client in C, that takes little of the cores the node needs. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import { processorUsOf } from "../processor-time.ts";
import type { Server } from "../server.ts";
import { startBareHttp } from "./bare-http.ts";
import type { Measure } from "./measure.ts";
import { startNode } from "./node.ts";

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 3;
const SECONDS = 10;
const SCRIPT = fileURLToPath(new URL("post.lua", import.meta.url));

type Told = {
  requests: number;
  seconds: number;
  perSecond: number;
  failed: number;
  wrong: number;
  p50Ms: number;
  p99Ms: number;
};

export const http: Measure = {
  name: "HTTP",
  goals: [
    { says: "waited-for POST /v1/tasks by 64 connections, per second", figure: "perSecond", atLeast: 15_000 },
    { says: "that, over a bare node:http that keeps nothing", figure: "toBare", atLeast: 0.8 },
  ],
  async run({ isQuick }, onProgress) {
    const wrk = install();
    const [warmUp, seconds] = isQuick ? [1, 1] : [WARM_UP_SECONDS, SECONDS];
    const measured = async ({ port, pid }: Pick<Server, "port" | "pid">): Promise<Told & { us: number }> => {
      await load(wrk, port, warmUp);
      const before = processorUsOf([pid]);
      const told = await load(wrk, port, seconds);
      return { ...told, us: (processorUsOf([pid]) - before) / told.requests };
    };
    const bare = await measuring(startBareHttp(), measured);
    onProgress(1, 2);
    const { requests, perSecond, p50Ms, p99Ms, us } = await measuring(startNode(), measured);
    return {
      connections: CONNECTIONS,
      requests,
      perSecond,
      p50Ms,
      p99Ms,
      nodeUs: us,
      barePerSecond: bare.perSecond,
      bareUs: bare.us,
      toBare: perSecond / bare.perSecond,
    };
  },
};

async function measuring<S extends AsyncDisposable, T>(
  starting: Promise<S>,
  measure: (server: S) => Promise<T>,
): Promise<T> {
  await using server = await starting;
  // Not before that is over may it go.
  return await measure(server);
}

async function load(wrk: string, port: number, seconds: number): Promise<Told> {
  const address = `http://127.0.0.1:${port}/v1/tasks`;
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", SCRIPT, address];
  const { stdout } = await promisify(execFile)(wrk, args);
  const told = JSON.parse(stdout.trim().split("\n").at(-1)!) as Told;
  if (told.failed > 0 || told.wrong > 0) throw new Error(`not all was answered 200 with HOLA: ${stdout}`);
  return { ...told, perSecond: told.requests / told.seconds };
}

/** As root on Debian; says what is to be installed where it cannot. */
function install(): string {
  const script = fileURLToPath(new URL("../../scripts/system-programs.ts", import.meta.url));
  if (needs("wrk").skip) spawnSync(process.execPath, [script, "wrk"], { stdio: "inherit" });
  const { path, skip } = needs("wrk");
  if (skip) throw new Error(skip);
  return path;
}
