/**
 * Entry of the writer's and of the reader's thread. Calls are done in the order they came. Calls of `apply` that gathered at
 * the port while a transaction was committed are the next transaction, together; nothing waits for more to come.
 */
import { getPriority, setPriority } from "node:os";
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import type { TaskEvent } from "../task/decide.ts";
import { TandaError, type ErrorBody } from "../task/errors.ts";
import type { CallAnswer } from "./sqlite-apply.ts";
import { toStoreError } from "./sqlite-errors.ts";
import { canCheckpointBeside, Checkpoints } from "./sqlite-checkpoints.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { openReadable, openWritable, type SqliteOptions } from "./sqlite-schema.ts";
import { unpack, type Packed } from "./sqlite-wire.ts";
import { SqliteWrites } from "./sqlite-writes.ts";

export type ThreadData = { readonly role: "writer" | "reader"; readonly options: SqliteOptions };

/** A call, or several `apply` at once: `events` are theirs one after another, `sizes` says how many each has. */
export type Request =
  | { readonly id: number; readonly op: string; readonly args: readonly unknown[] }
  | { readonly ids: readonly number[]; readonly sizes: readonly number[]; readonly events: Packed };

/** `apply` answers null where all its answers would be. The first reply of a thread has id 0 and says that it is open. */
export type Reply = readonly [id: number, value: unknown, error: ErrorBody | null];

/** A third of what another thread gets of a processor that both want. */
const BEHIND_OTHERS = 5;
const LOWEST = 19;
/** A transaction that grows without end would keep the first in it waiting. */
const MAX_EVENTS_A_TRANSACTION = 20_000;

const { role, options } = workerData as ThreadData;
const port = parentPort!;
try {
  if (role === "writer") serveWriter(port, options);
  else serveReader(port, options.path);
  port.postMessage([[0, null, null]] satisfies Reply[]);
} catch (error) {
  port.postMessage([[0, null, toStoreError(error).toBody()]] satisfies Reply[]);
}

function serveReader(port: MessagePort, path: string): void {
  behindOthers();
  const db = openReadable(path);
  const reads = new SqliteReads(db);
  port.on("message", (request: Request) => {
    if ("ids" in request) return;
    if (request.op === "close") db.close();
    port.postMessage([request.op === "close" ? [request.id, null, null] : called(reads, request)]);
    if (request.op === "close") port.close();
  });
}

/** Where processors are short, a list waits and tasks do not. Of Linux only: elsewhere a thread has no priority of its own. */
function behindOthers(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Math.min(LOWEST, getPriority() + BEHIND_OTHERS));
  } catch {
    // not allowed
  }
}

function serveWriter(port: MessagePort, options: SqliteOptions): void {
  const db = openWritable(options);
  const writes = new SqliteWrites(db, () => performance.now());
  const checkpoints = canCheckpointBeside(process.versions["sqlite"])
    ? new Checkpoints(db, options.path)
    : null;
  port.on("message", (first: Request) => {
    let request: Request | undefined = first;
    while (request !== undefined) {
      if ("ids" in request) {
        request = group(port, writes, request);
        checkpoints?.look();
        continue;
      }
      if (request.op === "close") {
        checkpoints?.close();
        port.postMessage([called(writes, request)]);
        port.close();
        return;
      }
      port.postMessage([called(writes, request)]);
      checkpoints?.look();
      request = received(port);
    }
  });
}

/** Applies this and what has gathered behind it. @returns the call after them, if one is there. */
function group(
  port: MessagePort,
  writes: SqliteWrites,
  first: Extract<Request, { ids: unknown }>,
): Request | undefined {
  const ids: number[] = [];
  const calls: TaskEvent[][] = [];
  let count = 0;
  let request: Request | undefined = first;
  while (request !== undefined && "ids" in request) {
    const events = unpack(request.events);
    let from = 0;
    for (const size of request.sizes) calls.push(events.slice(from, (from += size)));
    for (const id of request.ids) ids.push(id);
    count += events.length;
    if (count >= MAX_EVENTS_A_TRANSACTION) {
      request = undefined;
      break;
    }
    request = received(port);
  }
  const answers = writes.applyAll(calls);
  port.postMessage(answers.map((answer, index) => toReply(ids[index]!, answer)));
  return request ?? received(port);
}

function toReply(id: number, answer: CallAnswer): Reply {
  if (answer instanceof TandaError) return [id, null, answer.toBody()];
  return [id, answer.every((one) => one === null) ? null : answer, null];
}

function received(port: MessagePort): Request | undefined {
  return receiveMessageOnPort(port)?.message as Request | undefined;
}

function called(target: object, { id, op, args }: Extract<Request, { op: string }>): Reply {
  try {
    const method = (target as Record<string, (...args: unknown[]) => unknown>)[op]!;
    return [id, method.apply(target, [...args]), null];
  } catch (error) {
    return [id, null, toStoreError(error).toBody()];
  }
}
