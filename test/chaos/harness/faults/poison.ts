/** A task that ends its process, every time: it is given up, and what runs beside it is done all the same. */
import { connect, TandaError } from "../../../../src/client/client.ts";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const SPOONS = 3;
const MOST_RUNS = 20;

export const POISON: readonly Fault[] = [
  {
    name: "poison",
    kind: "F9",
    strike: async ({ topology, orders, witness, verdicts }) => {
      await using client = connect(`tanda://127.0.0.1:${topology.door.port}`);
      const numbers = Array.from({ length: SPOONS }, () => orders.skip());
      const codes = await Promise.all(
        numbers.map((n) =>
          client.$.run("poison", { n, customer: 0, ms: 5, isPoison: true }).then(
            () => "done",
            (error: unknown) => (error instanceof TandaError ? error.code : String(error)),
          ),
        ),
      );
      const countsFrom = nowMs();
      const seen = (): string => {
        witness.read();
        const runs = numbers.map((n) => witness.countOf(n));
        if (runs.some((count) => count === 0)) throw new Unseen("it was never run");
        for (const [i, code] of codes.entries()) {
          if (code !== "crashed" && code !== "lost")
            verdicts.break("I4", `a task that always ends its process was told ${code}`, numbers[i]);
          if (runs[i]! > MOST_RUNS) verdicts.break("I4", `it was tried ${runs[i]} times`, numbers[i]);
        }
        return `${codes.join(", ")} after ${runs.join(", ")} runs`;
      };
      return { what: `${SPOONS} tasks`, countsFrom, seen };
    },
  },
];
