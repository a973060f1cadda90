/** Mistakes planted in real processes, one at a time: a harness that does not find them proves nothing. */
import { BUGS, type Bug } from "../../simulation/bugs.ts";

/** Of those that the simulation knows, which are in ways that these processes go too, by name; with the faults that show it soonest. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  "answer-before-commit": ["kill-database", "stand-database", "kill-session"],
  "no-sweeper": ["queues-deleted", "broker-wiped"],
  "no-reaper": ["kill-worker"],
  "wrong-client": ["link-latency"],
  "key-forgotten": ["stand-database", "kill-session"],
  "result-dropped": ["kill-database", "kill-session"],
};

export type PlantedBug = Bug & { readonly faults: readonly string[] };

export const PLANTED: readonly PlantedBug[] = [
  ...BUGS.flatMap((bug) => {
    const faults = SHARED[bug.name];
    return faults === undefined ? [] : [{ ...bug, faults }];
  }),
  {
    name: "no-fence-in-sql",
    what: "The end of any attempt is written, whichever the row is at.",
    file: "store/postgres-plain.ts",
    from: "and ((t.state + 0 = 1 and t.attempt = x.n - 1) or (t.state + 0 = 2 and t.attempt = x.n))",
    to: "",
    faults: ["stand-worker-3", "stand-worker-1.5"],
  },
  {
    name: "lease-ends-early",
    what: "Whoever looks for lost workers takes tasks from healthy ones.",
    file: "store/postgres-leases.ts",
    from: 'where state = 2 and lease_until < now() - ${MS("$1")} order by lease_until',
    to: "where state = 2 and lease_until < now() + interval '1 hour' - ${MS(\"$1\")} order by lease_until",
    faults: ["kill-gateway"],
  },
];
