/** npx node examples/library/main.ts: the application, with a node that keeps its tasks in ./data/library. */
import { startNode } from "../../src/index.ts"; // in a project of yours: from "tanda"
import type actions from "./actions.ts";
import { createApp } from "./app.ts";

const node = await startNode<typeof actions>({
  data: "data/library",
  actions: new URL("./actions.ts", import.meta.url),
});
const app = createApp(node.client);
console.log(
  `Listening on ${await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 3000) })}`,
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void (async () => {
      await app.close();
      await node.stop();
    })();
  });
}
