/** Tasks over HTTP: submit one or many, look at them, act on them. */
import type { FastifyInstance } from "fastify";
import type { Answer } from "../../engine/engine.ts";
import { overJsonLimit } from "../../protocol/json-limits.ts";
import { LIST_FIELDS } from "../../protocol/messages.ts";
import { checkListFilter } from "../../protocol/op-fields.ts";
import { bad, isObject } from "../../protocol/options.ts";
import { TandaError, toTandaError } from "../../task/errors.ts";
import type { GatewayContext } from "../context.ts";
import { waitFinal } from "./asking.ts";
import { sendAnswer } from "./problem.ts";
import { goneOf, idempotencyKeyOf, queryOf, taskParam, waitMsOf } from "./request-facts.ts";
import { hasLargeResult, largeResultOf, submitAnswer } from "./submit-answer.ts";
import { readSubmit, type SubmitWithOptions } from "./submit-body.ts";
import type { Submitting } from "./submitting.ts";
import * as schemas from "./schemas.ts";

export function routeTasks(app: FastifyInstance, context: GatewayContext, submitting: Submitting): void {
  const { limits, own } = context;

  app.post("/v1/tasks", { schema: SUBMIT_SCHEMA }, async (request, reply) => {
    queryOf(request, ["wait"]);
    const waitMs = waitMsOf(request, limits.waitMs);
    const submit = readSubmit(request.body, idempotencyKeyOf(request), context.nodeDoor === null);
    const submitted = await submitting.submit(request, submit, waitMs);
    const large = hasLargeResult(submitted)
      ? await largeResultOf(submitted, own.results, limits.lineBytes)
      : null;
    return sendAnswer(reply, submitAnswer(submitted, waitMs, large));
  });

  app.post(
    "/v1/tasks/bulk",
    { schema: BULK_SCHEMA, bodyLimit: limits.bulkBytes, config: { isBulk: true } },
    async (request, reply) => {
      queryOf(request, []);
      const { body } = request;
      if (!isObject(body) || !Array.isArray(body["tasks"]) || Object.keys(body).length !== 1) {
        throw bad(
          "a bulk request is an object with tasks, a list",
          'Send {"tasks":[{"action":"upper","payload":"hola"}]}',
        );
      }
      const tasks = body["tasks"] as unknown[];
      if (tasks.length > limits.bulkTasks) {
        throw new TandaError(
          "too_large",
          `there are ${tasks.length} tasks; ${limits.bulkTasks} are the most`,
        );
      }
      const read = tasks.map((task) => readBulkItem(task, context));
      const good = read.filter((item): item is SubmitWithOptions => !(item instanceof TandaError));
      const answered = await submitting.submitAll(request, good);
      let next = 0;
      const told = read.map((item) =>
        item instanceof TandaError ? { error: item.toBody() } : bulkAnswer(answered[next++]!),
      );
      return reply.code(202).send({ tasks: told });
    },
  );

  app.get("/v1/tasks", { schema: LIST_SCHEMA }, async (request) => {
    const { limit, since, ...query } = queryOf(request, LIST_FIELDS);
    const filter = checkListFilter({
      ...query,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      ...(since === undefined ? {} : { since: /^\d+$/.test(since) ? Number(since) : since }),
    });
    return request.engine.list(filter);
  });

  app.get(
    "/v1/tasks/:task",
    { schema: taskSchema("get", "The task.", schemas.task, true) },
    async (request) => {
      const task = taskParam(request);
      queryOf(request, ["wait"]);
      const waitMs = waitMsOf(request, limits.waitMs);
      if (waitMs !== null) await waitFinal(request.engine, task, waitMs, goneOf(request));
      return request.engine.get(task);
    },
  );
  app.get(
    "/v1/tasks/:task/explain",
    { schema: taskSchema("explain", "Why it does not run yet.", schemas.explanation) },
    (request) => request.engine.explain(taskParam(request)),
  );
  app.post("/v1/tasks/:task/cancel", { schema: taskSchema("cancel", "Ends it.", schemas.task) }, (request) =>
    request.engine.cancel(taskParam(request)),
  );
  app.post(
    "/v1/tasks/:task/retry",
    { schema: taskSchema("retry", "Queues it anew.", schemas.task) },
    (request) => request.engine.retry(taskParam(request)),
  );
  app.delete("/v1/tasks/:task", { schema: taskSchema("delete", "Forgets it.", schemas.deleted) }, (request) =>
    request.engine.delete(taskParam(request)),
  );
}

function readBulkItem(task: unknown, context: GatewayContext): SubmitWithOptions | TandaError {
  try {
    const submit = readSubmit(task, null, context.nodeDoor === null);
    // The body as a whole may have more keys than one task may.
    const over = overJsonLimit(submit.payload, context.limits);
    if (over) throw new TandaError("too_large", `the payload is over the limit of ${over}`);
    return submit;
  } catch (error) {
    return toTandaError(error);
  }
}

function bulkAnswer(answer: Answer): object {
  if (answer.status !== "failed") return { task: answer.task, status: answer.status };
  return answer.task === null ? { error: answer.error } : { task: answer.task, error: answer.error };
}

const SUBMIT_SCHEMA = {
  operationId: "submit",
  summary: "Submits a task.",
  description:
    "202 once it is durable. With `Prefer: wait=N` it answers 200 with the result when the task ends in time, with the failure's own status when it fails, else 202.",
  tags: ["tasks"],
  querystring: { type: "object", properties: schemas.waitQuery },
  headers: {
    type: "object",
    properties: {
      ...schemas.waitHeaders.properties,
      "idempotency-key": { type: "string", description: "The option `key`, quoted or bare." },
    },
  },
  body: schemas.submit,
  response: {
    ...schemas.answers("Done.", schemas.finished),
    ...schemas.answers("Accepted; `Location` is the task's path.", schemas.accepted, 202),
  },
};

const BULK_SCHEMA = {
  operationId: "submitBulk",
  summary: "Submits many tasks at once.",
  tags: ["tasks"],
  body: schemas.bulk,
  response: schemas.answers("One answer for each, in order.", schemas.bulkAnswer, 202),
};

const LIST_SCHEMA = {
  operationId: "list",
  summary: "Lists tasks, newest first.",
  tags: ["tasks"],
  querystring: {
    type: "object",
    properties: {
      state: schemas.state,
      action: { type: "string" },
      queue: { type: "string" },
      owner: { type: "string", description: "Id of a token: its own tasks." },
      since: { type: "string", description: "Epoch milliseconds, RFC 3339, or a duration back from now." },
      prefix: { type: "string", description: "Beginning of an id or key." },
      cursor: { type: "string", description: "`next` of the page before." },
      limit: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    },
  },
  response: schemas.answers("A page.", schemas.taskPage),
};

export function taskSchema(operationId: string, summary: string, schema: object, waits = false): object {
  return {
    operationId,
    summary,
    tags: ["tasks"],
    params: schemas.taskParams(),
    ...(waits
      ? { querystring: { type: "object", properties: schemas.waitQuery }, headers: schemas.waitHeaders }
      : {}),
    response: schemas.answers(summary, schema),
  };
}
