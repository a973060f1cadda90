/** Queues in a real PostgreSQL, with all they tell. Each test has a schema of its own there. */
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { openPostgresQueue, type PostgresQueue } from "../../src/queue/postgres.ts";
import type { PostgresQueueOptions } from "../../src/queue/postgres-options.ts";
import { Told } from "./told.ts";

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
  return { queue, told };
}
