/** A JSON request as it is typed in the shell: `{"id":1,"action":"upper","payload":"hola"}`. */
import type { CallOptions } from "../client/caller.ts";
import type { Client } from "../client/typed.ts";
import { OPS, QUEUE_OPS, WORKER_OPS, type Op } from "../protocol/messages.ts";
import { acceptedReply, doneReply, failedReply, joined } from "../protocol/reply.ts";
import { toTandaError } from "../task/errors.ts";
import { nameTask } from "./task-name.ts";

export type JsonOrder = {
  readonly id: unknown;
  readonly action: string;
  readonly payload: unknown;
  readonly options: CallOptions & { readonly wait?: boolean };
};

/** Asks the node instead of running an action: every op but these is a verb. */
export type OpOrder = { readonly op: string; readonly verb: string | null };

const NO_VERBS: ReadonlySet<string> = new Set(["auth", "node", "unwatch"]);

/** @returns null when the line is no JSON object; "odd" when it is one without an action or an op. */
export function parseJsonOrder(line: string): JsonOrder | OpOrder | "odd" | null {
  if (!line.trimStart().startsWith("{")) return null;
  let said: {
    id?: unknown;
    op?: unknown;
    action?: unknown;
    payload?: unknown;
    options?: JsonOrder["options"];
  };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    return "odd";
  }
  const { id, op, action, payload, options } = said;
  if (action === undefined && isOp(op)) return { op, verb: verbOf(op) };
  if (typeof action !== "string") return "odd";
  return { id, action, payload, options: options ?? {} };
}

function isOp(op: unknown): op is Op {
  return (OPS as readonly unknown[]).includes(op);
}

function verbOf(op: Op): string | null {
  if (NO_VERBS.has(op)) return null;
  if (op === "ping") return "doctor";
  if ((WORKER_OPS as readonly string[]).includes(op)) return `workers ${op.replace("_worker", "")}`;
  return (QUEUE_OPS as readonly string[]).includes(op) ? `queue ${op}` : op;
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
    return { reply: joined(doneReply(prefix, task, JSON.stringify(result))), isDone: true };
  } catch (thrown) {
    return { reply: failedReply(prefix, task, toTandaError(thrown).toBody()), isDone: false };
  }
}
