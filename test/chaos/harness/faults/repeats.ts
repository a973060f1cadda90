/** Somebody stands before the workers at the broker, and gives on all that comes to him twice and backwards. */
import { setTimeout as delay } from "node:timers/promises";
import { connect, type ConfirmChannel, type ConsumeMessage } from "amqplib";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const LASTS_MS = 6000;
const HANDFUL = 40;
const GATHERS_MS = 150;
const RESTS_MS = 50;
const LANES = ["default", "default~rides", "default#slow", "default#slow~rides"];

async function handful(channel: ConfirmChannel, queue: string): Promise<number> {
  const taken: ConsumeMessage[] = [];
  // Before all workers, who get what he has no room for.
  const { consumerTag } = await channel.consume(queue, (message) => message && taken.push(message), {
    priority: 10,
  });
  await delay(GATHERS_MS);
  await channel.cancel(consumerTag);
  for (const { content, properties } of taken.toReversed())
    for (let copy = 0; copy < 2; copy++) channel.sendToQueue(queue, content, properties);
  await channel.waitForConfirms();
  for (const message of taken) channel.ack(message);
  return taken.length;
}

export const REPEATS: readonly Fault[] = [
  {
    name: "messages-doubled",
    kind: "F10",
    strike: async ({ topology }) => {
      const connection = await connect(topology.rabbit.urlAt(topology.rabbit.first.port));
      connection.on("error", () => {});
      let doubled = 0;
      try {
        const until = performance.now() + LASTS_MS;
        const work = async (lane: string): Promise<void> => {
          const channel = await connection.createConfirmChannel();
          channel.on("error", () => {});
          await channel.prefetch(HANDFUL);
          const queue = `tanda.${lane}.normal`;
          while (performance.now() < until) {
            doubled += await handful(channel, queue);
            await delay(RESTS_MS);
          }
        };
        await Promise.allSettled(LANES.map(work));
      } finally {
        await connection.close();
      }
      const seen = (): string => {
        if (doubled === 0) throw new Unseen("no message came");
        return `${doubled} messages given on twice and backwards`;
      };
      return { what: "all lanes", countsFrom: nowMs(), seen };
    },
  },
];
