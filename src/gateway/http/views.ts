/** Queues, workers, and what a node knows of itself. */
import type { FastifyInstance } from "fastify";
import type { Engine } from "../../engine/engine.ts";
import { HISTORY_WINDOWS } from "../../protocol/messages.ts";
import { checkHistoryWindow } from "../../protocol/op-fields.ts";
import { checkName } from "../../protocol/options.ts";
import { TandaError } from "../../task/errors.ts";
import type { GatewayContext } from "../context.ts";
import { healthForAskers, pingData } from "../health.ts";
import { param, queryOf } from "./request-facts.ts";
import * as schemas from "./schemas.ts";
import * as viewSchemas from "./view-schemas.ts";

export function routeViews(app: FastifyInstance): void {
  const view = (
    name: string,
    summary: string,
    schema: object,
    read: (engine: Engine) => Promise<unknown>,
  ): void => {
    const documented = {
      operationId: name,
      summary,
      tags: ["views"],
      response: schemas.answers(summary, schema),
    };
    app.get(`/v1/${name}`, { schema: documented }, (request) => {
      queryOf(request, []);
      return read(request.engine);
    });
  };
  view("queues", "All queues.", { type: "array", items: viewSchemas.queue }, (engine) => engine.queues());
  view("actions", "All actions ever announced.", { type: "array", items: viewSchemas.action }, (engine) =>
    engine.actions(),
  );
  view(
    "workers",
    "Workers and what their threads do.",
    { type: "array", items: viewSchemas.worker },
    (engine) => engine.workers(),
  );
  view("nodes", "Nodes.", schemas.objects, (engine) => engine.nodes());
  view("stats", "Counts, rates and delays.", schemas.object, (engine) => engine.stats());

  const windows = { type: "string", enum: [...HISTORY_WINDOWS] };
  const historySchema = {
    operationId: "history",
    summary: "What was measured over the last ten minutes, two hours or day.",
    tags: ["views"],
    querystring: { type: "object", required: ["window"], properties: { window: windows } },
    response: schemas.answers("Points, oldest first.", schemas.object),
  };
  app.get("/v1/history", { schema: historySchema }, (request) =>
    request.engine.history(checkHistoryWindow(queryOf(request, ["window"])["window"])),
  );

  app.get(
    "/v1/queues/:queue",
    { schema: queueSchema("queue", "One queue.", viewSchemas.queue) },
    async (request) => {
      const name = param(request, "queue");
      const found = (await request.engine.queues()).find(({ queue }) => queue === name);
      if (!found) throw new TandaError("not_found", "there is no queue of that name");
      return found;
    },
  );
  const act = (op: "pause" | "resume" | "drain" | "purge", summary: string, schema: object): void => {
    app.post(`/v1/queues/:queue/${op}`, { schema: queueSchema(op, summary, schema) }, (request) => {
      const name = param(request, "queue");
      checkName(name, "queue");
      return request.engine[op](name);
    });
  };
  act("pause", "Nothing of it starts.", viewSchemas.queue);
  act("resume", "Open again.", viewSchemas.queue);
  act("drain", "Nothing new is accepted, what is there runs.", viewSchemas.queue);
  act("purge", "Cancels all that waits.", schemas.purged);

  const order = (
    word: "drain" | "resume",
    summary: string,
    obey: (engine: Engine, worker: string) => Promise<unknown>,
  ): void => {
    const schema = workerSchema(`${word}_worker`, summary);
    app.post(`/v1/workers/:worker/${word}`, { schema }, (request) =>
      obey(request.engine, param(request, "worker")),
    );
  };
  order("drain", "It takes nothing new, what runs goes to its end.", (engine, worker) =>
    engine.drainWorker(worker),
  );
  order("resume", "It takes tasks again.", (engine, worker) => engine.resumeWorker(worker));
}

export function routeHealth(app: FastifyInstance, context: GatewayContext): void {
  const json = "application/json; charset=utf-8";
  app.get(
    "/healthz",
    { config: { isOpen: true }, schema: healthSchema("healthz", "The process answers.") },
    () => ({
      state: healthForAskers(context).state,
    }),
  );
  app.get(
    "/readyz",
    {
      config: { isOpen: true },
      schema: healthSchema("readyz", "Queue and store answered a few seconds ago."),
    },
    (_request, reply) => {
      context.askers.asked(context.clock.now());
      const health = healthForAskers(context);
      return reply
        .code(health.state === "ready" ? 200 : 503)
        .header("cache-control", "no-store")
        .type(json)
        .send(pingData(context, health));
    },
  );
}

function queueSchema(operationId: string, summary: string, schema: object): object {
  return {
    operationId,
    summary,
    tags: ["queues"],
    params: { type: "object", required: ["queue"], properties: { queue: { type: "string" } } },
    response: schemas.answers(summary, schema),
  };
}

function workerSchema(operationId: string, summary: string): object {
  return {
    operationId,
    summary,
    tags: ["workers"],
    params: { type: "object", required: ["worker"], properties: { worker: { type: "string" } } },
    response: schemas.answers(summary, viewSchemas.worker),
  };
}

function healthSchema(operationId: string, summary: string): object {
  return {
    operationId,
    summary,
    tags: ["health"],
    security: [],
    response: {
      ...schemas.answers(summary, schemas.health),
      ...schemas.answers("Not ready, and why.", schemas.health, 503),
    },
  };
}
