/** The broker forgets: its queues are deleted while they are used, or it comes back with nothing at all. */
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "amqplib";
import { grown, brokenTo, Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const FILLS_MS = 1500;
/** Of workers that hear nothing for longer the connections would end. */
const FILLS_WITHIN_MS = 8000;

export const AMNESIA: readonly Fault[] = [
  {
    name: "queues-deleted",
    kind: "F8",
    strike: async ({ topology }) => {
      const { rabbit, workers } = topology;
      // What workers have room for is soon there; what comes after it waits in the broker.
      const links = workers.flatMap((worker) => worker.links.get("RabbitMQ")!);
      await Promise.all(links.map((link) => link.set("hold-answers")));
      const late = nowMs() + FILLS_WITHIN_MS;
      let names: string[];
      let isFilled: boolean;
      do {
        await delay(FILLS_MS);
        const told = await rabbit.first.ctl("list_queues", "name", "messages_ready");
        const queues = told.split("\n").map((line) => line.split("\t"));
        const ours = queues.filter(([name]) => name!.startsWith("tanda.") && !name!.includes("amq.gen"));
        names = ours.map(([name]) => name!);
        isFilled = ours.some(([, ready]) => Number(ready) > 0);
      } while (!isFilled && nowMs() < late);
      const admin = await connect(rabbit.urlAt(rabbit.first.port));
      admin.on("error", () => {});
      let messages = 0;
      try {
        const channel = await admin.createChannel();
        for (const name of names) messages += (await channel.deleteQueue(name)).messageCount;
      } finally {
        await admin.close();
        await Promise.all(links.map((link) => link.set("pass")));
      }
      const seen = (): string => {
        if (messages === 0) throw new Unseen(`nothing was in ${names.length} queues`);
        return `${names.length} queues deleted, with ${messages} messages`;
      };
      return { what: "all queues of tasks", countsFrom: nowMs(), seen };
    },
  },
  {
    name: "broker-wiped",
    kind: "F8",
    strike: async ({ topology }) => {
      const { nodes } = topology.rabbit;
      const seen = grown("connections to RabbitMQ broken", brokenTo(topology, "RabbitMQ"));
      const countsFrom = nowMs();
      await Promise.all(nodes.map((node) => node.kill9()));
      for (const node of nodes) node.wipe();
      await Promise.all(nodes.map((node) => node.start()));
      return { what: "all of its nodes", countsFrom, seen };
    },
  },
];
