/** The real servers, privately on loopback, in the settings of production: everything that is promised is flushed. */
import { setTimeout as delay } from "node:timers/promises";
import { installPrograms, needs } from "../../scripts/system-programs.ts";
import { Postgres } from "../../test/services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../../test/services/rabbitmq.ts";
import { installPeers } from "../peers-package.ts";
import { startRedis } from "../redis.ts";

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
  installPrograms(PROGRAMS);
  for (const name of PROGRAMS) {
    const { skip } = needs(name);
    if (skip) throw new Error(skip);
  }
  const why = installPeers();
  if (why !== null) throw new Error(why);
}

export async function startServers(): Promise<Servers> {
  const stack = new AsyncDisposableStack();
  try {
    const postgres = stack.use(await Postgres.start({}));
    const rabbitmq = stack.use(await startRabbitMQ());
    const redis = stack.use(await startRedis("always"));
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
