/** Queue and bus of nodes that share a store, by the address of the queue. Only what is used is loaded. */
import type { Bus } from "../bus/bus.ts";
import type { RabbitMQQueueObserver } from "../queue/rabbitmq-options.ts";
import type { RemoteQueue, RemoteQueueOptions } from "../queue/remote-queue.ts";
import { wrong } from "./flag-values.ts";

export type Remote = { readonly queue: RemoteQueue; readonly bus: Bus };

export type RemoteMeans = RemoteQueueOptions & {
  observer: RabbitMQQueueObserver;
  onBusError: (error: unknown) => void;
};

export type OpenRemote = (means: RemoteMeans) => Promise<Remote>;

export async function openRemote(url: string, env: NodeJS.ProcessEnv, means: RemoteMeans): Promise<Remote> {
  if (/^amqps?:/.test(url)) return openRabbitMQ(url, env, means);
  if (/^postgres(ql)?:/.test(url)) return openPostgres(url, env, means);
  throw wrong("--queue is amqp://… or postgres://…");
}

async function openRabbitMQ(url: string, env: NodeJS.ProcessEnv, means: RemoteMeans): Promise<Remote> {
  const { RabbitMQAddress } = await import("../rabbitmq/address.ts");
  const { openRabbitMQQueue } = await import("../queue/rabbitmq.ts");
  const { openRabbitMQBus } = await import("../bus/rabbitmq.ts");
  const address = new RabbitMQAddress(url, {
    password: env["TANDA_QUEUE_PASSWORD"],
    passwordFile: env["TANDA_QUEUE_PASSWORD_FILE"],
  });
  const { name, random, onBusError: onError } = means;
  const [queue, bus] = await Promise.all([
    openRabbitMQQueue({ ...means, address }),
    openRabbitMQBus({ broker: address, address: name, random, onError }),
  ]);
  return { queue, bus };
}

async function openPostgres(url: string, env: NodeJS.ProcessEnv, means: RemoteMeans): Promise<Remote> {
  const { parsePostgresUrl } = await import("../postgres/address.ts");
  const { openPostgresQueue } = await import("../queue/postgres.ts");
  const { openPostgresBus } = await import("../bus/postgres.ts");
  const address = parsePostgresUrl(url, env);
  const { name, random, onBusError: onError } = means;
  const [queue, bus] = await Promise.all([
    openPostgresQueue({ ...means, address }),
    openPostgresBus({ server: address, address: name, random, onError }),
  ]);
  return { queue, bus };
}
