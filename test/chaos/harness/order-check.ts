/** When all is well: urgent tasks come upon a backlog of others that is being worked off; who begins first? */
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../../../src/client/client.ts";
import type { Scene } from "./fault.ts";
import type { Payload } from "./work.ts";

const LOW = 160;
const HIGH = 20;
const TAKES_MS = 60;
const WITHIN_MS = 90_000;
/** What workers have in hand already begins before them, and a few by their age, lest they starve. In the order of their coming all would. */
const MOST_BEFORE = 40;

/**
 * Makes all lines known that checks and faults use, so that what they hold open is there from the beginning; and how long the tasks of
 * this check take, since quick ones would travel together.
 */
export async function meetLanes({ topology, orders }: Scene): Promise<void> {
  await using client = connect(`tanda://127.0.0.1:${topology.door.port}`);
  const payload = (): Payload => ({ n: orders.skip(), customer: 0, ms: TAKES_MS });
  await Promise.all([
    client.$.run("poison", payload()),
    ...(["low", "high"] as const).map((priority) =>
      client.$.submit("ordered", payload(), { priority }).then((handle) => handle.result()),
    ),
  ]);
}

export async function checkOrder({ topology, orders, witness, verdicts }: Scene): Promise<void> {
  await using client = connect(`tanda://127.0.0.1:${topology.door.port}`);
  const send = async (priority: "low" | "high"): Promise<number> => {
    const n = orders.skip();
    await client.$.submit("ordered", { n, customer: 0, ms: TAKES_MS }, { priority });
    return n;
  };
  const begunOf = (numbers: readonly number[]): number[] => {
    witness.read();
    return numbers.map((n) => witness.begunAtOf(n)).filter((at) => at > 0);
  };
  const until = performance.now() + WITHIN_MS;
  const begin = async (numbers: readonly number[], count: number): Promise<boolean> => {
    for (; begunOf(numbers).length < count; await delay(20)) if (performance.now() > until) return false;
    return true;
  };
  const low = await Promise.all(Array.from({ length: LOW }, () => send("low")));
  const high = await Promise.all(Array.from({ length: HIGH }, () => send("high")));
  const begunBefore = begunOf(low).length;
  let isEachBegun = await begin(high, HIGH);
  const lastHighAt = Math.max(...begunOf(high));
  const between = begunOf(low).filter((at) => at < lastHighAt).length - begunBefore;
  isEachBegun &&= await begin(low, LOW);
  if (!isEachBegun) verdicts.break("I6", "not every one of them began");
  if (between > MOST_BEFORE)
    verdicts.break("I6", `${between} that were not urgent began before the last of ${HIGH} urgent ones`);
  verdicts.checked("I6");
}
