/** A web application like any other; the work that takes long is a task of a node inside it. */
import fastify, { type FastifyInstance } from "fastify";
import { ERROR_CODES, TandaError, type Client } from "../../src/index.ts"; // in a project of yours: from "tanda"
import type actions from "./actions.ts";

/** @param tanda a client of a node in this process or elsewhere: the application cannot tell. */
export function createApp(tanda: Client<typeof actions>): FastifyInstance {
  const app = fastify();

  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof TandaError)) return reply.send(error);
    return reply.code(ERROR_CODES[error.code].http).send({ code: error.code, message: error.message });
  });

  app.post<{ Body: { text: string } }>("/reports", async (request, reply) => {
    const { text } = request.body;
    const key = request.headers["idempotency-key"];
    const { task } = await tanda.report.submit({ text }, typeof key === "string" ? { key } : {});
    return reply.code(202).header("location", `/reports/${task}`).send({ task });
  });

  app.get<{ Params: { task: string } }>("/reports/:task", async (request) => {
    const { state, result, error } = await tanda.$.get(request.params.task);
    return { state, result: result ?? null, error: error?.message ?? null };
  });

  app.post<{ Body: { text: string } }>("/reports/now", async (request) => tanda.report(request.body));

  return app;
}
