/** What a gateway tells of itself: metrics, its description, and the page for people. */
import type { FastifyInstance } from "fastify";
import { routePage } from "./page.ts";
import { HttpError } from "./problem.ts";
import type { Prometheus } from "./prometheus.ts";

export function routeSelf(app: FastifyInstance, prometheus: Prometheus): void {
  const text = (description: string, type: string): object => ({
    200: { description, content: { [type]: { schema: { type: "string" } } } },
  });
  app.get(
    "/metrics",
    {
      schema: {
        operationId: "metrics",
        summary: "For Prometheus.",
        tags: ["health"],
        response: text("Metrics.", "text/plain"),
      },
    },
    async (request, reply) => {
      request.engine.permit("metrics");
      return reply.type(prometheus.contentType).send(await prometheus.text());
    },
  );
  let document: string | null = null;
  app.get(
    "/openapi.json",
    {
      config: { isOpen: true },
      schema: {
        operationId: "openapi",
        summary: "This document.",
        tags: ["health"],
        security: [],
        response: text("OpenAPI 3.1.", "application/json"),
      },
    },
    (_request, reply) =>
      reply.type("application/json; charset=utf-8").send((document ??= JSON.stringify(app.swagger()))),
  );
  routePage(app);
  const socketSchema = {
    operationId: "socket",
    summary: "WebSocket: the messages of lines.",
    tags: ["tasks"],
    response: {
      101: { description: "WebSocket from here on.", type: "null" },
      426: { description: "Only as WebSocket.", type: "null" },
    },
  };
  app.get("/v1/socket", { schema: socketSchema }, (_request, reply) => {
    void reply.header("upgrade", "websocket");
    throw new HttpError(426, "bad_request", "this path is a WebSocket");
  });
}
