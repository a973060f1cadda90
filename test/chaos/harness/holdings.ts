/** What boxes hold open: files and sockets, sessions in the database, connections and consumers at the broker. */
import { readdirSync } from "node:fs";
import type { Audit } from "./audit.ts";
import type { Topology } from "./topology.ts";
import type { Verdicts } from "./verdicts.ts";

/** Beyond a twentieth: a pool that is busier than at first, a check of health just then. */
const MORE = 12;
const GROWTH = 1.05;

export type Holdings = ReadonlyMap<string, number>;

export async function countHoldings(
  { gateways, workers, rabbit }: Topology,
  audit: Audit,
): Promise<Holdings> {
  const held = new Map<string, number>();
  for (const { name, node } of [...gateways, ...workers])
    held.set(`files of ${name}`, readdirSync(`/proc/${node.pid}/fd`).length);
  const [sessions] = await audit.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where backend_type = 'client backend'",
  );
  held.set("sessions in PostgreSQL", sessions!.count);
  for (const what of ["connections", "channels", "consumers"])
    held.set(`${what} at RabbitMQ`, (await rabbit.first.ctl(`list_${what}`)).trim().split("\n").length - 1);
  return held;
}

export function compareHoldings(before: Holdings, after: Holdings, verdicts: Verdicts): void {
  for (const [what, count] of after) {
    const most = (before.get(what) ?? 0) * GROWTH + MORE;
    if (count > most)
      verdicts.break("I9", `${count} ${what}, and ${before.get(what)} before the first fault`);
  }
  verdicts.checked("I9");
}
