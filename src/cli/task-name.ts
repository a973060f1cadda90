import type { Client } from "../client/typed.ts";
import { createIdMaker } from "../task/id.ts";

/** An id for a task, known before it is sent, so that it can be told however the task ends. */
export async function nameTask(client: Client): Promise<string> {
  const { node } = await client.$.ping();
  return createIdMaker(
    node ?? 0,
    () => Date.now(),
    () => Math.random(),
  )();
}
