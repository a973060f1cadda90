/** The result of a task alone, however large. */
import type { FastifyInstance } from "fastify";
import { isObject } from "../../protocol/options.ts";
import type { TaskView } from "../../protocol/messages.ts";
import { isFinal } from "../../task/state.ts";
import { TandaError } from "../../task/errors.ts";
import type { GatewayContext } from "../context.ts";
import { waitFinal } from "./asking.ts";
import { sendBlob } from "./blobs.ts";
import { sendProblem } from "./problem.ts";
import { goneOf, queryOf, taskParam, waitMsOf } from "./request-facts.ts";
import * as schemas from "./schemas.ts";

export function routeResult(app: FastifyInstance, context: GatewayContext): void {
  const { limits, own } = context;
  app.get("/v1/tasks/:task/result", { schema: SCHEMA, exposeHeadRoute: false }, async (request, reply) => {
    const task = taskParam(request);
    queryOf(request, ["wait"]);
    const waitMs = waitMsOf(request, limits.waitMs);
    if (waitMs !== null) await waitFinal(request.engine, task, waitMs, goneOf(request));
    const view = await request.engine.get(task);
    if (!isFinal(view.state)) {
      return reply.code(202).header("retry-after", 1).send({ task, state: view.state });
    }
    if (view.state !== "done") return sendProblem(reply, failureOf(view), { task });
    const { result } = view;
    if (isObject(result) && typeof result["$blob"] === "string" && typeof result["bytes"] === "number") {
      return sendBlob(own.results, result["$blob"], request, reply);
    }
    return reply.type("application/json; charset=utf-8").send(JSON.stringify(result ?? null));
  });
}

function failureOf(view: TaskView): TandaError {
  if (view.state === "cancelled") return new TandaError("cancelled", "the task was cancelled");
  if (view.state === "expired") return new TandaError("expired", "the task was not started in time");
  return view.error ? TandaError.fromBody(view.error) : new TandaError("internal", "the task failed");
}

const SCHEMA = {
  operationId: "result",
  summary: "The result alone.",
  tags: ["tasks"],
  params: schemas.taskParams(),
  querystring: { type: "object", properties: schemas.waitQuery },
  headers: schemas.waitHeaders,
  response: {
    ...schemas.answers("The result.", { description: "Any JSON value, or the bytes of a blob." }),
    ...schemas.answers(
      "None yet.",
      { type: "object", properties: { task: schemas.taskId, state: schemas.state } },
      202,
    ),
  },
};
