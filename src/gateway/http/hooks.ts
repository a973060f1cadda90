/** What is done with every request before its route: who asks, from which page, and how long its body may take. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Transform, type Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { NODE_HEADER } from "../../protocol/node-proof.ts";
import { Arriving, noRoom, SHORT_BYTES, type Budget } from "../budget.ts";
import type { Peer } from "../connections.ts";
import type { GatewayContext } from "../context.ts";
import { admit, checkPage } from "./guard.ts";
import { SAFETY_HEADERS } from "./http-answer.ts";
import { HttpError, sendProblem } from "./problem.ts";

export function addHooks(
  app: FastifyInstance,
  context: GatewayContext,
  peerOf: (socket: Socket) => Peer,
): void {
  const { door, limits } = context;
  const bodyTimers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  app.addHook("onRequest", async (request, reply) => {
    const { raw } = request;
    void reply.headers(SAFETY_HEADERS);
    if (context.isDraining()) void reply.header("connection", "close");
    checkPage(door, raw, peerOf(raw.socket));
    const { origin } = raw.headers;
    if (origin !== undefined && door.isConfiguredOrigin(origin)) {
      void reply.headers({
        "access-control-allow-origin": origin,
        vary: "Origin",
        "access-control-expose-headers": "Location, Retry-After, Preference-Applied",
      });
      if (request.method === "OPTIONS") {
        return reply
          .code(204)
          .headers({
            "access-control-allow-methods": "GET, POST, PUT, DELETE",
            "access-control-allow-headers":
              "Authorization, Content-Type, Idempotency-Key, Prefer, Range, Last-Event-ID",
            "access-control-max-age": "600",
          })
          .send();
      }
    }
    const config = request.routeOptions.config as { isOpen?: boolean; isStream?: boolean };
    request.isFromNode =
      raw.method === "GET" && (context.nodeDoor?.isNode(nodeHeaderOf(raw), raw.url!) ?? false);
    if (!config.isOpen && !request.is404) {
      const grant = request.isFromNode ? door.node : await admit(door, raw);
      request.engine = context.engineFor(grant, peerOf(raw.socket).address);
    }
    const hasBody =
      raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
    if (hasBody && !config.isStream) {
      const timer = setTimeout(() => {
        void sendProblem(
          reply.header("connection", "close"),
          new HttpError(408, "bad_request", "the body took too long"),
        );
        reply.raw.once("finish", () => raw.destroy());
      }, limits.bodyMs);
      bodyTimers.set(request, timer);
      reply.raw.once("close", () => clearTimeout(timer));
    }
  });
  app.addHook("preParsing", async (request, _reply, body) => {
    const { isStream } = request.routeOptions.config as { isStream?: boolean };
    const told = request.headers["content-length"];
    const isShort = told !== undefined && Number(told) <= SHORT_BYTES;
    return isStream || isShort ? body : counted(body, context.budget, request.routeOptions.bodyLimit);
  });
  app.addHook("preValidation", async (request) => clearTimeout(bodyTimers.get(request)));
}

function nodeHeaderOf({ headers }: IncomingMessage): string | undefined {
  const header = headers[NODE_HEADER];
  return typeof header === "string" ? header : undefined;
}

/** The body, counted while it comes in; cut off when there is no room for more of it. */
function counted(body: Readable, budget: Budget, limit: number): Readable {
  const arriving = new Arriving(budget);
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      // What is over the limit is thrown away.
      if (arriving.has(Math.min(bytes, limit))) done(null, chunk);
      else done(noRoom());
    },
  });
  stream.once("close", () => arriving.end());
  // Of a request that was refused nobody reads the body, and an error that nobody hears ends the process.
  stream.on("error", () => {});
  const cutOff = (): void => void stream.destroy(new HttpError(400, "bad_request", "the body was cut off"));
  body.once("error", cutOff);
  body.once("close", () => {
    if (!(body as IncomingMessage).complete) cutOff();
  });
  // Fastify holds it against Content-Length.
  Object.defineProperty(stream, "receivedEncodedLength", { get: () => bytes });
  return body.pipe(stream);
}
