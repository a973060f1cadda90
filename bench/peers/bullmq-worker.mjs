import "./ends-with-parent.mjs";
import { Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.argv[2]), maxRetriesPerRequest: null };
const upper = async ({ data }) => ({ ok: true, data: data.payload.toUpperCase() });
// More at once does not make it faster here, less makes it slower.
const worker = new Worker("bench", upper, { connection, concurrency: Number(process.argv[3] ?? 100) });
worker.on("error", (error) => console.error(error.message));
await worker.waitUntilReady();
process.send("ready");
