/** Each box of the drawing is killed, and started again by whoever keeps it. */
import { setTimeout as delay } from "node:timers/promises";
import { brokenTo, grown, leasedBy, Unseen, untilSeen, type Fault, type Scene } from "../fault.ts";
import { nowMs } from "../history.ts";

const RESTART_MS = [200, 2000] as const;
const SERVER_GONE_MS = [500, 3500] as const;
/** Of a cluster, all of its nodes at once. */
const ALL_CHANCE = 0.35;

const lost = ({ crowd }: Scene): (() => Promise<string>) =>
  grown("connections of customers lost", () => crowd.lostConnections);

export const KILLS: readonly Fault[] = [
  {
    name: "kill-gateway",
    kind: "F1",
    strike: async (scene) => {
      const { topology, dice } = scene;
      const box = dice.pick(topology.gateways);
      const seen = lost(scene);
      const countsFrom = nowMs();
      await box.node.kill();
      await delay(dice.between(...RESTART_MS));
      await box.node.start();
      return { what: box.name, countsFrom, seen };
    },
  },
  {
    name: "kill-worker",
    kind: "F1",
    strike: async (scene) => {
      const { topology, dice, witness } = scene;
      const box = dice.pick(topology.workers);
      await untilSeen("it has something under a lease", async () => (await leasedBy(scene, box)).length > 0);
      const pool = box.pids.slice(1);
      const countsFrom = nowMs();
      for (const pid of pool) process.kill(pid, "SIGKILL");
      await box.node.kill();
      witness.read();
      const cut = pool.reduce((sum, pid) => sum + witness.openOf(pid), 0);
      await delay(dice.between(...RESTART_MS));
      await box.node.start();
      const seen = (): string => {
        if (cut === 0) throw new Unseen("it had nothing in hand when it died");
        return `${cut} executions cut off`;
      };
      return { what: box.name, countsFrom, seen };
    },
  },
  {
    name: "kill-broker",
    kind: "F1",
    strike: async ({ topology, dice }) => {
      const { nodes } = topology.rabbit;
      const isAll = nodes.length === 1 || dice.chance() < ALL_CHANCE;
      const killed = isAll ? nodes : [dice.pick(nodes)];
      const seen = grown("connections to RabbitMQ broken", brokenTo(topology, "RabbitMQ"));
      const countsFrom = nowMs();
      await Promise.all(killed.map((node) => node.kill9()));
      await delay(dice.between(...SERVER_GONE_MS));
      await Promise.all(killed.map((node) => node.start()));
      return { what: `${killed.length} of ${nodes.length}`, countsFrom, seen };
    },
  },
  {
    name: "kill-database",
    kind: "F1",
    strike: async ({ topology, dice }) => {
      const seen = grown("connections to PostgreSQL broken", brokenTo(topology, "PostgreSQL"));
      const countsFrom = nowMs();
      await topology.postgres.kill9();
      await delay(dice.between(...SERVER_GONE_MS));
      await topology.postgres.start();
      return { what: "all of its processes", countsFrom, seen };
    },
  },
  {
    name: "kill-session",
    kind: "F1",
    strike: async ({ topology, audit, dice }) => {
      const sql = `select pid from pg_stat_activity where backend_type = 'client backend' and application_name not in ('audit', 'test')`;
      const sessions = await audit.query<{ pid: number }>(sql);
      if (sessions.length === 0) throw new Unseen("nobody has a session");
      const seen = grown("connections to PostgreSQL broken", brokenTo(topology, "PostgreSQL"));
      const countsFrom = nowMs();
      process.kill(dice.pick(sessions).pid, "SIGKILL");
      return { what: "one session; PostgreSQL then ends all", countsFrom, seen };
    },
  },
  {
    name: "kill-balancer",
    kind: "F1",
    strike: async (scene) => {
      const { topology, dice } = scene;
      const seen = lost(scene);
      const countsFrom = nowMs();
      await topology.balancer.kill9();
      await delay(dice.between(...RESTART_MS));
      await topology.balancer.start();
      return { what: "HAProxy", countsFrom, seen };
    },
  },
  {
    name: "kill-s3",
    kind: "F1",
    strike: async ({ topology, dice }) => {
      const { ceph } = topology;
      if (ceph === null) throw new Unseen("blobs are files in this run");
      const countsFrom = nowMs();
      await ceph.killGateway();
      const isGone = await fetch(ceph.endpoint).then(
        () => false,
        () => true,
      );
      await delay(dice.between(...SERVER_GONE_MS));
      await ceph.startGateway();
      const seen = (): string => {
        if (!isGone) throw new Unseen("it still answered");
        return "nobody answered there";
      };
      return { what: "the S3 server", countsFrom, seen };
    },
  },
];
