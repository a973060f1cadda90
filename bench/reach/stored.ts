/** What a short task costs a node that has stored ten million, beside one that has stored a thousand. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorUsOf } from "../processor-time.ts";
import { RawClient } from "../raw-client.ts";
import { fill, keptFolder } from "./filled-store.ts";
import { meanOf, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { isHola, upper } from "./upper.ts";

const FEW = 1000;
const MANY = 10_000_000;
const TURNS = ["few", "many", "many", "few"] as const;
const NOTHING = (): void => {};

export const stored: Measure = {
  name: "STORED",
  goals: [
    {
      says: "W1 with 10,000,000 stored over 1,000 stored, node's µs per task",
      figure: "costRatio",
      atMost: 1.2,
    },
    { says: "… tasks/s", figure: "rateRatio", atLeast: 0.8 },
  ],
  async run({ isQuick }, onProgress) {
    const count = isQuick ? 5000 : 200_000;
    const many = isQuick ? 20_000 : MANY;
    const folder = await mkdtemp(join(tmpdir(), "tanda-reach-stored-"));
    try {
      const few = join(folder, "few");
      await fill(few, FEW, NOTHING);
      const kept = await keptFolder(many, (done, total) => onProgress(done / total, 2));
      const us = { few: [] as number[], many: [] as number[] };
      const perSecond = { few: [] as number[], many: [] as number[] };
      const readyMs = { few: [] as number[], many: [] as number[] };
      for (const [at, turn] of TURNS.entries()) {
        // The few are few again in each turn.
        const data = turn === "many" ? kept.data : join(folder, `turn-${at}`);
        if (turn === "few") await cp(few, data, { recursive: true });
        // So that none is removed: only what is stored differs.
        await using node = await startNode({ data, flags: ["--max-finished", String(4 * MANY)] });
        const client = await RawClient.open(node.port);
        await client.pipeline(count / 5, 1000, upper, isHola);
        const before = processorUsOf([node.pid]);
        const seconds = await client.pipeline(count, 1000, upper, isHola);
        us[turn].push((processorUsOf([node.pid]) - before) / count);
        perSecond[turn].push(count / seconds);
        readyMs[turn].push(node.readyMs);
        client.close();
        onProgress(TURNS.length + at + 1, 2 * TURNS.length);
      }
      return {
        stored: many,
        fillSeconds: kept.fillSeconds,
        fewUs: meanOf(us.few),
        manyUs: meanOf(us.many),
        costRatio: meanOf(us.many) / meanOf(us.few),
        fewPerSecond: meanOf(perSecond.few),
        manyPerSecond: meanOf(perSecond.many),
        rateRatio: meanOf(perSecond.many) / meanOf(perSecond.few),
        fewReadyMs: meanOf(readyMs.few),
        manyReadyMs: meanOf(readyMs.many),
      };
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
