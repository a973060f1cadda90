/**
 * Clients that ask for much of one kind, as fast as they can, and read nothing of it; and those of all kinds at another node on the same
 * machine: what that costs is the machine's, whatever a node does.
 */
import type { Figures, Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import { fillRows, flood, KINDS, type Kind } from "./deaf-flood.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";

const REQUEST = '"action":"upper","payload":"hola"';
const ALL = Object.keys(KINDS) as Kind[];

export const unread: Measure = {
  name: "UNREAD",
  goals: ALL.flatMap((kind) => [
    { says: `p99 beside 20 who read no ${kind}, to unloaded`, figure: `${kind}Ratio`, atMost: 2 },
    { says: `honest requests beside them not answered`, figure: `${kind}Unanswered`, atMost: 0 },
  ]),
  async run({ isQuick }, onProgress) {
    const seconds = isQuick ? 2 : 10;
    const steps = ALL.length + 1;
    const figures: Figures = {};
    for (const [done, kind] of ALL.entries()) {
      Object.assign(figures, await beside(kind, [kind], { seconds, isQuick, isElsewhere: false }));
      onProgress(done + 1, steps);
    }
    Object.assign(figures, await beside("elsewhere", ALL, { seconds, isQuick, isElsewhere: true }));
    onProgress(steps, steps);
    return figures;
  },
};

async function beside(
  name: string,
  kinds: readonly Kind[],
  { seconds, isQuick, isElsewhere }: { seconds: number; isQuick: boolean; isElsewhere: boolean },
): Promise<Figures> {
  await using node = await startNode();
  await using other = isElsewhere ? await startNode() : null;
  const { port } = other ?? node;
  await askHonestly(node.port, REQUEST, 2);
  const alone = await askHonestly(node.port, REQUEST, seconds);
  await fillRows(port, isQuick);
  using _flood = await flood(port, kinds);
  const asking = await askHonestly(node.port, REQUEST, seconds);
  const figures = { ...latencies(`${name}Alone`, alone), ...latencies(name, asking) };
  return { ...figures, [`${name}Ratio`]: ratio(figures, name, `${name}Alone`) };
}
