/** The typed client beside the cheapest honest one, in turns on one node. */
import { connect } from "../../src/client/client.ts";
import { RawClient } from "../raw-client.ts";
import { meanOf, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { isHola, upper } from "./upper.ts";

const IN_FLIGHT = 1000;
/** What grows over time is on both sides. */
const TURNS = ["raw", "typed", "typed", "raw", "raw", "typed", "typed", "raw"] as const;

export const sdk: Measure = {
  name: "SDK",
  goals: [{ says: "typed client over raw socket, tasks/s", figure: "typedToRaw", atLeast: 0.7 }],
  async run({ isQuick }, onProgress) {
    const count = isQuick ? 2000 : 100_000;
    await using node = await startNode();
    const raw = await RawClient.open(node.port);
    await using tanda = connect(`tanda://127.0.0.1:${node.port}`);
    const typedTurn = async (tasks: number): Promise<number> => {
      const startedAt = performance.now();
      let left = tasks;
      const lane = async (): Promise<void> => {
        while (left-- > 0) {
          if ((await tanda.upper("hola")) !== "HOLA") throw new Error("a wrong answer");
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
      return (performance.now() - startedAt) / 1000;
    };
    await raw.pipeline(count / 4, IN_FLIGHT, upper, isHola);
    await typedTurn(count / 4);
    const perSecond = { raw: [] as number[], typed: [] as number[] };
    for (const [at, turn] of TURNS.entries()) {
      const seconds =
        turn === "raw" ? await raw.pipeline(count, IN_FLIGHT, upper, isHola) : await typedTurn(count);
      perSecond[turn].push(count / seconds);
      onProgress(at + 1, TURNS.length);
    }
    raw.close();
    const [rawPerSecond, typedPerSecond] = [meanOf(perSecond.raw), meanOf(perSecond.typed)];
    return { rawPerSecond, typedPerSecond, typedToRaw: typedPerSecond / rawPerSecond };
  },
};
