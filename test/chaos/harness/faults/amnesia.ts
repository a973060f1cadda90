/** The broker forgets: its queues are deleted while they are used, or it comes back with nothing at all. */
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "amqplib";
import { grown, brokenTo, Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const FILLS_MS = 1500;

export const AMNESIA: readonly Fault[] = [
  {
    name: "queues-deleted",
    kind: "F8",
    strike: async ({ topology }) => {
      const { rabbit, workers } = topology;
      // What workers have room for is on its way to them, and does not come; what comes after it waits in the broker.
      const links = workers.flatMap((worker) => worker.links.get("RabbitMQ")!);
      await Promise.all(links.map((link) => link.set("hold-answers")));
      await delay(FILLS_MS);
      const told = await rabbit.first.ctl("list_queues", "name", "messages_unacknowledged");
      const queues = told
        .split("\n")
        .map((line) => line.split("\t"))
        .filter(([name]) => name!.startsWith("tanda.") && !name!.includes("amq.gen"));
      const onTheirWay = queues.reduce((sum, [, count]) => sum + Number(count), 0);
      const admin = await connect(rabbit.urlAt(rabbit.first.port));
      admin.on("error", () => {});
      let waiting = 0;
      try {
        const channel = await admin.createChannel();
        for (const [name] of queues) waiting += (await channel.deleteQueue(name!)).messageCount;
      } finally {
        await admin.close();
        // Workers that had room for all: then what is on its way is what gets lost.
        if (waiting === 0) for (const link of links) link.reset();
        await Promise.all(links.map((link) => link.set("pass")));
      }
      const seen = (): string => {
        if (waiting + onTheirWay === 0) throw new Unseen(`nothing was in ${queues.length} queues`);
        return `${queues.length} queues deleted, with ${waiting} messages, and ${onTheirWay} on their way`;
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
