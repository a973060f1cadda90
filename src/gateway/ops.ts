/** The ops that ask the engine one thing and pass its answer on; the rest need a session (session-ops.ts). */
import type { Engine } from "../engine/engine.ts";
import { checkAuditFilter } from "../protocol/op-fields.ts";
import { checkWish } from "../protocol/scopes.ts";
import type { Op, OpRequest } from "../protocol/messages.ts";

type Run = (engine: Engine, request: OpRequest) => Promise<unknown>;

const TASK: Record<string, (engine: Engine, task: string) => Promise<unknown>> = {
  get: (engine, task) => engine.get(task),
  cancel: (engine, task) => engine.cancel(task),
  retry: (engine, task) => engine.retry(task),
  delete: (engine, task) => engine.delete(task),
  explain: (engine, task) => engine.explain(task),
};
const QUEUE: Record<string, (engine: Engine, queue: string) => Promise<unknown>> = {
  pause: (engine, queue) => engine.pause(queue),
  resume: (engine, queue) => engine.resume(queue),
  drain: (engine, queue) => engine.drain(queue),
  purge: (engine, queue) => engine.purge(queue),
};

/** Asked before anybody is let in. */
export const OPEN_OPS: ReadonlySet<Op> = new Set<Op>(["auth", "node", "ping"]);

export const ENGINE_OPS: ReadonlyMap<Op, Run> = new Map<Op, Run>([
  ...Object.entries(TASK).map(([op, run]): [Op, Run] => [op as Op, (engine, r) => run(engine, r.task!)]),
  ...Object.entries(QUEUE).map(([op, run]): [Op, Run] => [op as Op, (engine, r) => run(engine, r.queue!)]),
  ["drain_worker", (engine, { worker }) => engine.drainWorker(worker!)],
  ["resume_worker", (engine, { worker }) => engine.resumeWorker(worker!)],
  ["list", (engine, { id: _id, op: _op, local: _local, ...filter }) => engine.list(filter)],
  ["actions", (engine) => engine.actions()],
  ["queues", (engine) => engine.queues()],
  ["workers", (engine) => engine.workers()],
  ["nodes", (engine) => engine.nodes()],
  ["stats", (engine) => engine.stats()],
  ["create_token", (engine, { id: _id, op: _op, ...wish }) => engine.createToken(checkWish(wish))],
  ["revoke_token", (engine, { token }) => engine.revokeToken(token!)],
  ["tokens", (engine) => engine.tokens()],
  ["keep_tokens", (engine, { tokens }) => engine.keepTokens(tokens!)],
  [
    "audit",
    (engine, { since, cursor, limit }) => engine.audit(checkAuditFilter(given({ since, cursor, limit }))),
  ],
  ["history", (engine, request) => engine.history(request.window!)],
]);

/** Without what was not said. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
