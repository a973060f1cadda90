/** A JSON request as it is typed in the shell: `{"id":1,"action":"upper","payload":"hola"}`. */
import type { CallOptions } from "../client/caller.ts";
import type { Client } from "../client/typed.ts";
import { acceptedReply, doneReply, failedReply } from "../protocol/reply.ts";
import { toTandaError } from "../task/errors.ts";
import { nameTask } from "./task-name.ts";

export type JsonOrder = {
  readonly id: unknown;
  readonly action: string;
  readonly payload: unknown;
  readonly options: CallOptions & { readonly wait?: boolean };
};

/** @returns null when the line is no JSON object; "odd" when it is one without an action. */
export function parseJsonOrder(line: string): JsonOrder | "odd" | null {
  if (!line.trimStart().startsWith("{")) return null;
  let said: { id?: unknown; action?: unknown; payload?: unknown; options?: JsonOrder["options"] };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    return "odd";
  }
  const { id, action, payload, options } = said;
  if (typeof action !== "string") return "odd";
  return { id, action, payload, options: options ?? {} };
}

/** @returns the reply as the wire has it, in the same words. */
export async function obeyJson(
  client: Client,
  { id, action, payload, options }: JsonOrder,
): Promise<{ reply: string; isDone: boolean }> {
  const prefix = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  let task: string | null = null;
  try {
    const { wait, ...rest } = options;
    task = rest.task ?? (await nameTask(client));
    if (wait === false) {
      const { status } = await client.$.submit(action, payload, { ...rest, task });
      return { reply: acceptedReply(prefix, task, status === "scheduled" ? status : "queued"), isDone: true };
    }
    const result = await client.$.run(action, payload, { ...rest, task });
    return { reply: doneReply(prefix, task, JSON.stringify(result)), isDone: true };
  } catch (thrown) {
    return { reply: failedReply(prefix, task, toTandaError(thrown).toBody()), isDone: false };
  }
}
