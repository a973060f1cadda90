/** Queues in a real PostgreSQL, with all they tell. Each test has a schema of its own there. */
import { after } from "node:test";
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { openPostgresQueue, type PostgresQueue } from "../../src/queue/postgres.ts";
import type { PostgresQueueOptions } from "../../src/queue/postgres-options.ts";
import { Told } from "./told.ts";

/** A test that failed may have left some open, and they would look for their server for ever. */
const opened: PostgresQueue[] = [];
after(() => Promise.all(opened.map((queue) => queue.close())));

let schemas = 0;

export function newSchema(): string {
  return `test${schemas++}`;
}

export async function openQueue(
  url: string,
  schema: string,
  options: Partial<PostgresQueueOptions> = {},
): Promise<{ queue: PostgresQueue; told: Told }> {
  const told = new Told();
  const queue = await openPostgresQueue({
    address: parsePostgresUrl(`${url}?schema=${schema}`, {}),
    name: "a test",
    observer: told.observer,
    random: Math.random,
    ...options,
  });
  opened.push(queue);
  return { queue, told };
}
