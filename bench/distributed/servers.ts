/** The real servers, privately on loopback, in the settings of production: everything that is promised is flushed. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";
import { freePort } from "../../test/e2e/node-process.ts";
import { Postgres } from "../../test/services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../../test/services/rabbitmq.ts";

const VACUUMS = "select 1 from pg_stat_activity where backend_type = 'autovacuum worker'";
const REST_MS = 2000;
const PROGRAMS = ["haproxy", "postgres", "rabbitmq-server", "redis-server"];

export type Servers = AsyncDisposable & {
  readonly postgres: Postgres;
  readonly rabbitmq: RabbitMQ;
  readonly redisPort: number;
  /** What went before is over, also behind the scenes: checkpoint, vacuum, the removal of what was deleted. */
  rest(): Promise<void>;
};

/** Installs what is missing, as root on Debian; says what is to be installed where it cannot. */
export function installAll(): void {
  const script = fileURLToPath(new URL("../../scripts/system-programs.ts", import.meta.url));
  spawnSync(process.execPath, [script, ...PROGRAMS], { stdio: "inherit" });
  for (const name of PROGRAMS) {
    const { skip } = needs(name);
    if (skip) throw new Error(skip);
  }
  const peers = fileURLToPath(new URL("../peers", import.meta.url));
  if (existsSync(join(peers, "node_modules", "bullmq"))) return;
  console.error("Getting the peers from npm, once …");
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
    cwd: peers,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("npm could not get the peers");
}

export async function startServers(): Promise<Servers> {
  const stack = new AsyncDisposableStack();
  try {
    const postgres = stack.use(await Postgres.start({}));
    const rabbitmq = stack.use(await startRabbitMQ());
    const redis = stack.use(await startRedis());
    const all = stack.move();
    return {
      postgres,
      rabbitmq,
      redisPort: redis.port,
      rest: async () => {
        await postgres.query("checkpoint");
        while ((await postgres.query(VACUUMS)).length > 0) await delay(100);
        await delay(REST_MS);
      },
      [Symbol.asyncDispose]: () => all.disposeAsync(),
    };
  } finally {
    await stack.disposeAsync();
  }
}

/** Every answer after a flush: what BullMQ needs to promise what Tanda does. */
async function startRedis(): Promise<AsyncDisposable & { port: number }> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "tanda-bench-redis-"));
  const settings = [
    ["bind", "127.0.0.1"],
    ["port", String(port)],
    ["dir", dir],
    ["appendonly", "yes"],
    ["appendfsync", "always"],
    ["save", ""],
    ["maxmemory-policy", "noeviction"],
  ];
  const args = settings.flatMap(([name, value]) => [`--${name}`, value!]);
  const child = spawn(needs("redis-server").path, args, { stdio: "ignore" });
  process.once("exit", () => child.kill("SIGKILL"));
  await untilOpen(port, child);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await delay(50);
  }
}
