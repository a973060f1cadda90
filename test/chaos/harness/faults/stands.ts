/** Somebody stands still and wakes up again, and may not know it. */
import { setTimeout as delay } from "node:timers/promises";
import { grown, isStopped, leasedBy, Unseen, untilSeen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const GATEWAY_MS = [3000, 6000] as const;
const DATABASE_MS = 5000;
const ANSWERS_WITHIN_MS = 1000;
/** What has run for so long goes on for a while. */
const LONG_MS = 300;

/** @param leases how long it stands, in leases: past one, others have taken what it runs. */
function standWorker(leases: number): Fault {
  return {
    name: `stand-worker-${leases}`,
    kind: "F2",
    strike: async (scene) => {
      const { topology, audit, dice } = scene;
      const box = dice.pick(topology.workers);
      const lapsed = async (): Promise<number> => {
        const sql = `select count(*)::int as count from audit.changes where has_lapsed`;
        return (await audit.query<{ count: number }>(sql))[0]!.count;
      };
      const unlocked = async (ids: readonly string[]): Promise<string[]> => {
        const sql = "select id::text from tanda.tasks where id = any($1::uuid[]) for update skip locked";
        return (await audit.query<{ id: string }>(sql, [ids])).map(({ id }) => id);
      };
      const before = leases > 1 ? await lapsed() : 0;
      const { pid } = box.node;
      let isStill = false;
      let had: string[] = [];
      try {
        // Not what just ends: its row may be locked by a transaction that stands still too, and then nobody can take it.
        await untilSeen("it stands still with something under a lease", async () => {
          const first = await leasedBy(scene, box);
          await delay(LONG_MS);
          box.signal("SIGSTOP");
          had = (await unlocked(await leasedBy(scene, box))).filter((id) => first.includes(id));
          if (had.length > 0) return true;
          box.signal("SIGCONT");
          return false;
        });
        await delay(leases * topology.settings.leaseMs);
        isStill = isStopped(pid);
      } finally {
        box.signal("SIGCONT");
      }
      const seen = async (): Promise<string> => {
        if (!isStill) throw new Unseen("it did not stand still");
        if (leases < 1) return "it stood still";
        const taken = (await lapsed()) - before;
        if (taken === 0) {
          const stories = await Promise.all(had.map((id) => audit.story(id)));
          throw new Unseen(`nothing was taken from it: ${stories.join("; ")}`);
        }
        return `${taken} tasks were taken from it`;
      };
      return { what: `${box.name} for ${leases} leases`, countsFrom: nowMs(), seen };
    },
  };
}

export const STANDS: readonly Fault[] = [
  standWorker(0.5),
  standWorker(1.5),
  standWorker(3),
  {
    name: "stand-gateway",
    kind: "F2",
    strike: async ({ topology, dice, crowd }) => {
      const box = dice.pick(topology.gateways);
      const seen = grown("connections of customers lost", () => crowd.lostConnections);
      box.signal("SIGSTOP");
      try {
        await delay(dice.between(...GATEWAY_MS));
      } finally {
        box.signal("SIGCONT");
      }
      return { what: box.name, countsFrom: nowMs(), seen };
    },
  },
  {
    name: "stand-database",
    kind: "F2",
    strike: async ({ topology, audit }) => {
      let isSilent: boolean;
      topology.postgres.freeze();
      try {
        const answer = audit.query("select").then(
          () => false,
          () => false,
        );
        isSilent = await Promise.race([answer, delay(ANSWERS_WITHIN_MS, true)]);
        await delay(DATABASE_MS - ANSWERS_WITHIN_MS);
      } finally {
        topology.postgres.thaw();
      }
      const seen = (): string => {
        if (!isSilent) throw new Unseen("it answered");
        return "it did not answer";
      };
      return { what: "PostgreSQL", countsFrom: nowMs(), seen };
    },
  },
];
