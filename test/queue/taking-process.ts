/** Takes one task of a queue in PostgreSQL, says how it came, and holds it until it is killed. */
import { openQueue } from "./open-postgres-queue.ts";
import { takeSoon } from "./queue-contract.ts";

const [url, schema, takenMs] = process.argv.slice(2);
const { queue } = await openQueue(url!, schema!, { takenMs: Number(takenMs) });
const [taken] = await takeSoon(queue, 1);
process.stdout.write(`${JSON.stringify(taken)}\n`);
