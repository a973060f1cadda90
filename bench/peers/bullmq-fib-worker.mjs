/** What computes belongs in a sandbox, a process of its own, as its documentation says: two, for two lanes. */
import "./ends-with-parent.mjs";
import { Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.argv[2]), maxRetriesPerRequest: null };
const processor = new URL("bullmq-fib.mjs", import.meta.url);
const worker = new Worker("bench", processor, { connection, concurrency: 2 });
worker.on("error", (error) => console.error(error.message));
await worker.waitUntilReady();
// It takes its sandboxes with it.
process.once("SIGTERM", async () => {
  await worker.close();
  process.exit();
});
process.send("ready");
