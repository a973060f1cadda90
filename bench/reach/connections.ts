/** Many connections with little in flight each, beside one with much: the same number of tasks on one node, in turns. */
import { RawClient } from "../raw-client.ts";
import { processorUsOf } from "../processor-time.ts";
import { meanOf, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { isHola, upper } from "./upper.ts";

const CONNECTIONS = 1000;
const IN_FLIGHT_EACH = 10;
const TURNS = ["one", "many", "many", "one"] as const;

export const connections: Measure = {
  name: "CONNECTIONS",
  goals: [{ says: "1,000 connections × 10 in flight over W1, tasks/s", figure: "manyToOne", atLeast: 0.5 }],
  async run({ isQuick }, onProgress) {
    const each = isQuick ? 20 : 200;
    const many = isQuick ? 50 : CONNECTIONS;
    const count = each * many;
    await using node = await startNode();
    const one = await RawClient.open(node.port);
    const clients: RawClient[] = [];
    for (let n = 0; n < many; n++) clients.push(await RawClient.open(node.port));
    const manyTurn = async (share: number): Promise<number> => {
      const startedAt = performance.now();
      await Promise.all(clients.map((client) => client.pipeline(share, IN_FLIGHT_EACH, upper, isHola)));
      return (performance.now() - startedAt) / 1000;
    };
    await one.pipeline(Math.min(count, 20_000), 1000, upper, isHola);
    await manyTurn(Math.min(each, 20));
    const perSecond = { one: [] as number[], many: [] as number[] };
    const nodeUs = { one: [] as number[], many: [] as number[] };
    for (const [at, turn] of TURNS.entries()) {
      const before = processorUsOf([node.pid]);
      const seconds = turn === "one" ? await one.pipeline(count, 1000, upper, isHola) : await manyTurn(each);
      perSecond[turn].push(count / seconds);
      nodeUs[turn].push((processorUsOf([node.pid]) - before) / count);
      onProgress(at + 1, TURNS.length);
    }
    for (const client of [one, ...clients]) client.close();
    const [onePerSecond, manyPerSecond] = [meanOf(perSecond.one), meanOf(perSecond.many)];
    return {
      connections: many,
      onePerSecond,
      manyPerSecond,
      manyToOne: manyPerSecond / onePerSecond,
      oneNodeUs: meanOf(nodeUs.one),
      manyNodeUs: meanOf(nodeUs.many),
    };
  },
};
