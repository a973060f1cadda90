/** The HTTP door: one Fastify without a port of its own, which is given connections that turned out to be HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import swagger from "@fastify/swagger";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { TandaError, toTandaError } from "../task/errors.ts";
import type { Peer } from "./connections.ts";
import type { GatewayContext } from "./context.ts";
import type { GuardedEngine } from "./guarded-engine.ts";
import { routeAccess } from "./http/access.ts";
import { routeBlobs } from "./http/blobs.ts";
import { EventStreams, routeEvents } from "./http/events.ts";
import { addHooks } from "./http/hooks.ts";
import { DateHeader } from "./http/http-answer.ts";
import { HttpDuty } from "./http/http-duty.ts";
import { fromHttpFault, HttpError, refuseRaw, sendProblem } from "./http/problem.ts";
import { Prometheus } from "./http/prometheus.ts";
import { routeResult } from "./http/result.ts";
import { RouteTable } from "./http/route-table.ts";
import { routeSelf } from "./http/self.ts";
import { routeTasks } from "./http/tasks.ts";
import { routeHealth, routeViews } from "./http/views.ts";
import { routeUploads } from "./http/uploads.ts";
import { parseBody } from "./http/submit-body.ts";
import { SILENT_MS, SubmitConnection, type SubmitRoute } from "./http/submit-connection.ts";
import { Submitting } from "./http/submitting.ts";
import { SocketDoor } from "./http/socket-door.ts";
import { PIECE_BYTES } from "./read-turns.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Of a JSON body that was read. */
    bodyBytes: number;
    /** Another node of the cluster proved that it fetches this. */
    isFromNode: boolean;
    /** As who asks may use it; of all but what is open to everybody. */
    engine: GuardedEngine;
  }
}

export class Http {
  readonly #context: GatewayContext;
  readonly #app: FastifyInstance;
  readonly #streams = new EventStreams();
  readonly #sockets: SocketDoor;
  readonly #prometheus: Prometheus;
  readonly #peers = new WeakMap<Duplex, Peer>();
  readonly #submits: SubmitRoute;
  #server!: Server;

  private constructor(context: GatewayContext) {
    this.#context = context;
    this.#prometheus = new Prometheus(context);
    this.#sockets = new SocketDoor(context, (socket) => this.#peers.get(socket)!);
    this.#submits = {
      context,
      submitting: new Submitting(context),
      date: new DateHeader(),
      handOver: (socket, peer) => this.#takeWhole(socket, peer),
    };
    this.#app = Fastify({
      serverFactory: (handler) => (this.#server = this.#createServer(handler)),
      logger: false,
      bodyLimit: context.limits.lineBytes,
      return503OnClosing: false,
      routerOptions: { maxParamLength: 300 },
      clientErrorHandler: (error, socket) => {
        const tell = (): void => refuseRaw(error, socket);
        const duty = this.#dutyOf(socket);
        if (duty) duty.refuse(tell);
        else tell();
      },
      rewriteUrl: (request) => originForm(request.url ?? "/"),
      frameworkErrors: (error, _request, reply) =>
        void sendProblem(reply, fromHttpFault(error) ?? toTandaError(error)),
    });
  }

  static async open(context: GatewayContext, version: string): Promise<Http> {
    const http = new Http(context);
    await http.#assemble(version);
    // Node looks after late heads from its own `listen` on, which is never called here.
    http.#server.emit("listening");
    return http;
  }

  /** What was read of the connection is back in its socket. */
  take(socket: Socket, peer: Peer): void {
    void new SubmitConnection(this.#submits, socket, peer);
  }

  /** By Node's parser and Fastify. */
  #takeWhole(socket: Socket, peer: Peer): void {
    this.#peers.set(socket, peer);
    peer.duty = new HttpDuty(socket, this.#context.isDraining);
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Streams end now; the rest ends when it is answered. */
  drain(): void {
    this.#streams.endAll();
  }

  async close(): Promise<void> {
    this.#streams.endAll();
    this.#sockets.close();
    this.#prometheus.close();
    await this.#app.close();
    // Stops looking after heads.
    this.#server.close();
  }

  #createServer(handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { lineMs, idleMs } = this.#context.limits;
    const server = createServer(
      {
        headersTimeout: lineMs,
        // Bodies have a time of their own below: a blob may take long, a JSON body may not.
        requestTimeout: 0,
        keepAliveTimeout: idleMs,
        connectionsCheckingInterval: Math.max(50, Math.min(1000, lineMs / 4)),
        maxHeaderSize: 16_384,
        shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
      },
      (request, response) => {
        this.#dutyOf(request.socket)?.begin(request, response);
        handler(request, response);
      },
    );
    // Longer than the longest wait, so that only a connection that nobody reads is over it.
    server.timeout = SILENT_MS;
    server.on("upgrade", (request, socket, head) => this.#sockets.upgrade(request, socket as Socket, head));
    return server;
  }

  #dutyOf(socket: Duplex): HttpDuty | undefined {
    const duty = this.#peers.get(socket)?.duty;
    return duty instanceof HttpDuty ? duty : undefined;
  }

  async #assemble(version: string): Promise<void> {
    const app = this.#app;
    const context = this.#context;
    const table = new RouteTable();
    app.addHook("onRoute", (route) => table.add(route.method, route.url));
    // The schemas describe; what comes in is checked by protocol/, and what goes out is written as it is.
    app.setValidatorCompiler(() => () => true);
    app.setSerializerCompiler(() => (value) => JSON.stringify(value));
    app.decorateRequest("bodyBytes", 0);
    app.decorateRequest("isFromNode", false);
    app.decorateRequest("engine");
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
      request.bodyBytes = body.length;
      readAtPace(context, body.length, () => {
        try {
          done(null, readJson(context, request, body as Buffer));
        } catch (error) {
          done(error as Error);
        }
      });
    });
    addHooks(app, context, (socket) => this.#peers.get(socket)!);
    app.setErrorHandler((error, request, reply) => {
      const known = fromHttpFault(error as Error);
      if (known) return sendProblem(reply, known);
      context.log.error({ err: error, method: request.method, url: request.url }, "a request failed");
      return sendProblem(
        reply,
        new TandaError("internal", "a fault of Tanda's own; its log has the details"),
      );
    });
    app.setNotFoundHandler((request, reply) => {
      const allowed = table.methodsOf(request.url.split("?", 1)[0]!);
      if (request.method === "OPTIONS" && allowed.length > 0) {
        return reply.code(204).header("allow", allowed.join(", ")).send();
      }
      if (allowed.length === 0)
        throw new TandaError("not_found", "there is nothing at this path", { hint: "See /openapi.json" });
      void reply.header("allow", allowed.join(", "));
      throw new HttpError(
        405,
        "bad_request",
        `${request.method} is not for this path`,
        `It takes ${allowed.join(", ")}`,
      );
    });
    await app.register(swagger, { openapi: openApiHead(version) });
    await app.register(async (routes) => {
      routeTasks(routes, context, this.#submits.submitting);
      routeResult(routes, context);
      routeEvents(routes, context, this.#streams);
      routeViews(routes);
      await routeBlobs(routes, context);
      routeUploads(routes, context);
      routeAccess(routes);
      routeHealth(routes, context);
      routeSelf(routes, this.#prometheus);
    });
    await app.ready();
  }
}

/** A long body waits for its turn; it is counted as long as it lies here. */
function readAtPace({ pace, reads, budget }: GatewayContext, bytes: number, read: () => void): void {
  if (bytes <= PIECE_BYTES) {
    pace.little();
    return read();
  }
  budget.hold(bytes);
  reads.wait({
    isLong: true,
    readPiece() {
      budget.hold(-bytes);
      read();
      return false;
    },
  });
}

function readJson(context: GatewayContext, request: FastifyRequest, body: Buffer): unknown {
  const { limits } = context;
  const { isBulk } = request.routeOptions.config as { isBulk?: boolean };
  // One of many may be as deep as one alone, two brackets further in; keys are counted for each.
  const allowed = isBulk ? { depth: limits.depth + 2, keys: limits.keys * limits.bulkTasks } : limits;
  return parseBody(body, allowed);
}

/** A request may name the whole URL, or no path at all; what counts here is the path. */
function originForm(target: string): string {
  if (target === "*") return "/";
  return /^https?:\/\//i.test(target)
    ? target.replace(/^https?:\/\/[^/?#]*/i, "").replace(/^(?!\/)/, "/")
    : target;
}

function openApiHead(version: string): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Tanda",
      version,
      description: "A distributed task system. Errors are problem+json with the codes of docs/errors.md.",
    },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{}, { token: [] }],
    tags: ["tasks", "queues", "views", "blobs", "access", "health"].map((name) => ({ name })),
  };
}
