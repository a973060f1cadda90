/** One link, whose two ends are well: nothing goes through, one way only, late, slowly, or it breaks, maybe just after the server did what was asked. */
import { setTimeout as delay } from "node:timers/promises";
import type { FaultProxy } from "../../../services/fault-proxy.ts";
import type { Dice } from "../dice.ts";
import { grown, Unseen, untilSeen, type Fault, type Kind } from "../fault.ts";
import { nowMs } from "../history.ts";
import type { Topology } from "../topology.ts";

const LASTS_MS = [2500, 6000] as const;
const LATENCY_MS = 200;
const BYTES_PER_SECOND = 50_000;
const RESETS = 4;
const REST_MS = 400;
const CUTS = 8;
const CUT_WITHIN_MS = 2000;

type Link = { readonly name: string; readonly proxies: readonly FaultProxy[] };

function linksOf({ door, halls, gateways, workers }: Topology): Link[] {
  return [
    { name: "clients to balancer", proxies: [door] },
    ...halls.map((hall, n) => ({ name: `balancer to gateway-${n}`, proxies: [hall] })),
    ...[...gateways, ...workers].flatMap((box) =>
      [...box.links].map(([to, proxies]) => ({ name: `${box.name} to ${to}`, proxies })),
    ),
  ];
}

/** One that somebody is on: nothing is seen of a fault of one that nobody uses. */
function inUse(topology: Topology, dice: Dice): Link {
  const all = linksOf(topology).filter(({ proxies }) => proxies.some(({ count }) => count > 0));
  // Half of the time what many share, so that these are met as often as the many links of boxes.
  const shared = all.filter(({ name }) => name.startsWith("clients") || name.startsWith("balancer"));
  return dice.pick(dice.chance() < 0.3 ? shared : all.filter(({ name }) => !name.endsWith("S3")));
}

const sum = (proxies: readonly FaultProxy[], what: "late" | "broken"): number =>
  proxies.reduce((total, proxy) => total + proxy[what], 0);

/** @param begin makes it so, on each proxy; @param end undoes it. */
function lasting(
  name: string,
  begin: (proxy: FaultProxy, dice: Dice) => unknown,
  end: (proxy: FaultProxy) => unknown,
): Fault {
  const kind: Kind = "F3";
  return {
    name,
    kind,
    strike: async ({ topology, dice }) => {
      const { name: what, proxies } = inUse(topology, dice);
      const seen = grown("pieces came late", () => sum(proxies, "late"));
      await Promise.all(proxies.map((proxy) => begin(proxy, dice)));
      await delay(dice.between(...LASTS_MS));
      await Promise.all(proxies.map(end));
      return { what, countsFrom: nowMs(), seen };
    },
  };
}

const pass = (proxy: FaultProxy): Promise<void> => proxy.set("pass");
const atSpeed = (proxy: FaultProxy): void => proxy.slow(null);

export const LINKS: readonly Fault[] = [
  lasting("link-hold", (proxy) => proxy.set("hold"), pass),
  lasting("link-hold-requests", (proxy) => proxy.set("hold-requests"), pass),
  lasting("link-hold-answers", (proxy) => proxy.set("hold-answers"), pass),
  lasting("link-latency", (proxy) => proxy.slow({ latencyMs: LATENCY_MS }), atSpeed),
  lasting("link-slow", (proxy) => proxy.slow({ bytesPerSecond: BYTES_PER_SECOND }), atSpeed),
  {
    name: "link-reset",
    kind: "F3",
    strike: async ({ topology, dice }) => {
      const { name, proxies } = inUse(topology, dice);
      const seen = grown("connections broken", () => sum(proxies, "broken"));
      for (let left = RESETS; left > 0; left--) {
        for (const proxy of proxies) proxy.reset();
        await delay(REST_MS);
      }
      return { what: name, countsFrom: nowMs(), seen };
    },
  },
  {
    name: "link-answers-lost",
    kind: "F3",
    strike: async ({ topology, dice }) => {
      const box = dice.pick([...topology.gateways, ...topology.workers]);
      const [proxy] = box.links.get("PostgreSQL")!;
      let cuts = 0;
      for (let left = CUTS; left > 0; left--) {
        const cut = proxy!.cutAfter("").then(() => cuts++);
        await Promise.race([cut, delay(CUT_WITHIN_MS)]);
        await delay(dice.between(20, REST_MS));
      }
      await untilSeen("an answer was lost", () => cuts > 0);
      const seen = (): string => {
        if (cuts === 0) throw new Unseen("no answer was lost");
        return `${cuts} answers of PostgreSQL lost, after it did what was asked`;
      };
      return { what: `PostgreSQL to ${box.name}`, countsFrom: nowMs(), seen };
    },
  },
];
