/**
 * What a peer needs beside it, started anew for each measure and ended after it: nothing is left from the one before, and
 * nobody is measured beside servers that are not its own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { Postgres } from "../../test/services/postgres.ts";
import { startRabbitMQ } from "../../test/services/rabbitmq.ts";
import { startRedis } from "../redis.ts";

export type Service = {
  readonly title: string;
  /** In scripts/system-programs.ts; null where nothing is to be installed. */
  readonly program: string | null;
  readonly start: () => Promise<Started>;
};

export type Started = AsyncDisposable & {
  /** As its peer is told: a port, an address, a folder. */
  readonly where: string;
  version?(): Promise<string>;
};

export type ServiceName = keyof typeof services;

/** The settings that peers' own pages ask for where a promise is to be kept; fsync is on by default. */
const POSTGRES = ["shared_buffers=512MB", "max_wal_size=4GB", "synchronous_commit=on"];

export const services = {
  "redis-always": { title: "Redis", program: "redis-server", start: () => redis("always") },
  "redis-everysec": { title: "Redis", program: "redis-server", start: () => redis("everysec") },
  postgres: {
    title: "PostgreSQL",
    program: "postgres",
    async start() {
      const postgres = await Postgres.start({ config: POSTGRES });
      const version = async (): Promise<string> => {
        const [row] = await postgres.query<{ server_version: string }>("show server_version");
        // Debian adds its own.
        return row!.server_version.split(" ")[0]!;
      };
      return handle(postgres.url, postgres, version);
    },
  },
  rabbitmq: {
    title: "RabbitMQ",
    program: "rabbitmq-server",
    async start() {
      const rabbitmq = await startRabbitMQ();
      return handle(rabbitmq.url, rabbitmq, async () => {
        const client = await connect(rabbitmq.url);
        await client.close();
        return client.connection.serverProperties.version;
      });
    },
  },
  folder: {
    title: "",
    program: null,
    async start() {
      const folder = await mkdtemp(join(tmpdir(), "tanda-bench-disk-"));
      return {
        where: folder,
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
      };
    },
  },
} as const satisfies Record<string, Service>;

async function redis(appendfsync: "always" | "everysec"): Promise<Started> {
  const started = await startRedis(appendfsync);
  return handle(String(started.port), started, () => started.version());
}

function handle(where: string, of: AsyncDisposable, version: () => Promise<string>): Started {
  return { where, version, [Symbol.asyncDispose]: async () => of[Symbol.asyncDispose]() };
}
