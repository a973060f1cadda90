/** The clock on the wall of one box is an hour wrong; its timers and the database's clock are not. */
import { setTimeout as delay } from "node:timers/promises";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const HOUR_S = 3600;
const LASTS_MS = 5000;

async function offSeconds(port: number): Promise<number> {
  const { headers } = await fetch(`http://127.0.0.1:${port}/readyz`);
  return (Date.parse(headers.get("date")!) - Date.now()) / 1000;
}

export const CLOCKS: readonly Fault[] = [1, -1].map((sign) => ({
  name: sign > 0 ? "clock-ahead" : "clock-behind",
  kind: "F5",
  strike: async ({ topology, dice }) => {
    const movable = [...topology.gateways, ...topology.workers].filter((box) => box.hasMovableClock);
    if (movable.length === 0) throw new Unseen("libfaketime is not on this machine");
    const box = dice.pick(movable);
    box.moveClock(sign * HOUR_S);
    let off = 0;
    try {
      await delay(LASTS_MS);
      off = await offSeconds(box.port);
    } finally {
      box.moveClock(0);
    }
    const seen = (): string => {
      if (off * sign < HOUR_S / 2) throw new Unseen(`it says it is ${Math.round(off)} s off`);
      return `it said that it is ${Math.round(off)} s later`;
    };
    return { what: box.name, countsFrom: nowMs(), seen };
  },
}));
