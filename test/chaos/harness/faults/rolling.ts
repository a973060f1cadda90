/** Each gateway and each worker is stopped as an upgrade does it, and started again, one after another: no customer sees an error. */
import { setTimeout as delay } from "node:timers/promises";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

/** Until the balancer has seen that it is back. */
const SEEN_AGAIN_MS = 1200;

export const ROLLING: readonly Fault[] = [
  {
    name: "rolling-restart",
    kind: "F7",
    strike: async ({ topology, crowd, verdicts }) => {
      const boxes = [...topology.gateways, ...topology.workers];
      const errors = crowd.errors;
      const again = crowd.sentAgain;
      const codes: (number | null)[] = [];
      for (const { node } of boxes) {
        codes.push(await node.kill("SIGTERM"));
        await node.start();
        await delay(SEEN_AGAIN_MS);
      }
      const seen = (): string => {
        if (codes.some((code) => code !== 0)) throw new Unseen(`they ended with ${codes.join(", ")}`);
        verdicts.checked("F7");
        if (crowd.errors > errors)
          verdicts.break("F7", `${crowd.errors - errors} errors, the last: ${crowd.lastErrors.at(-1)}`);
        return `${boxes.length} ended by themselves; ${crowd.sentAgain - again} submits were sent again`;
      };
      return { what: `${boxes.length} boxes`, countsFrom: nowMs(), seen };
    },
  },
];
