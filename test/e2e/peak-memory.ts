/** How much memory a node took at most while something was done to it, as it tells itself. */
import type { NodeView } from "../../src/protocol/messages.ts";
import { Lines } from "./lines.ts";
import type { NodeProcess } from "./node-process.ts";

const EVERY_MS = 50;

/** @returns how many bytes its resident memory grew over what it was before. */
export async function memoryGrowth(node: NodeProcess, during: () => Promise<void>): Promise<number> {
  using lines = await Lines.open(node.port);
  const rss = async (): Promise<number> =>
    ((await lines.ask({ op: "nodes" })).data as NodeView[])[0]!.rssBytes;
  const before = await rss();
  let most = before;
  const watching = { isOver: false };
  const watch = (async () => {
    while (!watching.isOver) {
      most = Math.max(most, await rss());
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  try {
    await during();
  } finally {
    watching.isOver = true;
    await watch;
  }
  return Math.max(most, await rss()) - before;
}
