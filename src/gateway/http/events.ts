/** What happens to tasks, as server-sent events. */
import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { WatchFilter } from "../../engine/engine.ts";
import type { WatchEvent } from "../../protocol/messages.ts";
import { checkName } from "../../protocol/options.ts";
import { TandaError } from "../../task/errors.ts";
import type { GatewayContext } from "../context.ts";
import { cutOff } from "../cut-off.ts";
import { tokenIsOver } from "../door.ts";
import { WatchFeed } from "../watch-feed.ts";
import { queryOf, taskParam } from "./request-facts.ts";
import * as schemas from "./schemas.ts";

const HEARTBEAT_MS = 15_000;
/** Id of the last event of a task: a browser that comes again with it is told not to. */
const END_ID = "end";

/** Open streams: a drain ends them. */
export class EventStreams {
  readonly #open = new Set<() => void>();

  add(end: () => void): () => void {
    this.#open.add(end);
    return () => this.#open.delete(end);
  }

  endAll(): void {
    for (const end of this.#open) end();
  }
}

export function routeEvents(app: FastifyInstance, context: GatewayContext, streams: EventStreams): void {
  app.get(
    "/v1/tasks/:task/events",
    { schema: TASK_SCHEMA, exposeHeadRoute: false },
    async (request, reply) => {
      const task = taskParam(request);
      queryOf(request, []);
      if (request.headers["last-event-id"] === END_ID) return reply.code(204).send();
      await stream(context, streams, { task }, request, reply);
      return reply;
    },
  );
  app.get("/v1/events", { schema: ALL_SCHEMA, exposeHeadRoute: false }, async (request, reply) => {
    const filter = queryOf(request, ["action", "queue", "owner"]);
    if (filter["queue"] !== undefined) checkName(filter["queue"], "queue");
    await stream(context, streams, filter, request, reply);
    return reply;
  });
}

async function stream(
  context: GatewayContext,
  streams: EventStreams,
  filter: WatchFilter,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { clock, limits, eventTexts } = context;
  if (context.isDraining()) throw new TandaError("unavailable", "the node is stopping");
  const early: [readonly WatchEvent[], boolean][] = [];
  let take = (events: readonly WatchEvent[], isLast: boolean): void => void early.push([events, isLast]);
  // What is refused is refused before the stream begins.
  const watch = await request.engine.watch(filter, (events, isLast) => take(events, isLast));
  const raw: ServerResponse = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  reply.hijack();
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  raw.write("retry: 2000\n\n");
  let isLastTold = false;
  let unreadSince: number | null = null;
  const feed = new WatchFeed(
    (event) => {
      const id = isLastTold ? `id: ${END_ID}\n` : "";
      raw.write(`event: ${event.type}\n${id}data: ${eventTexts.of(event).text}\n\n`);
    },
    () => raw.writableLength > limits.unreadBytes / 4,
    () => clock.now(),
  );
  const forget = streams.add(() => end());
  const stay = request.engine.grant.onOver(() => {
    raw.write(`event: refused\ndata: ${JSON.stringify(tokenIsOver().toBody())}\n\n`);
    end();
  });
  const heartbeat = setInterval(() => {
    if (raw.writableLength === 0) unreadSince = null;
    else unreadSince ??= clock.now();
    if (unreadSince !== null && clock.now() - unreadSince > limits.unreadMs) cutOff(request.raw.socket);
    else if (unreadSince === null) raw.write(": still here\n\n");
  }, HEARTBEAT_MS).unref();
  const end = (): void => {
    clearInterval(heartbeat);
    forget();
    stay();
    watch.stop();
    raw.end();
  };
  raw.on("drain", () => feed.relieved());
  raw.once("close", end);
  take = (events, isLast) => {
    if (raw.writableEnded) return;
    isLastTold = isLast && filter.task !== undefined;
    feed.push(events, isLast);
    if (isLast) end();
  };
  for (const [events, isLast] of early) take(events, isLast);
  if (request.raw.destroyed && raw.destroyed) end();
}

const STREAM = {
  200: {
    description:
      "Events `state`, `progress`, `log` and `missed`; the data of each is JSON, as the op `watch` tells it.",
    content: { "text/event-stream": { schema: { type: "string" } } },
  },
  ...schemas.refusals,
};
const TASK_SCHEMA = {
  operationId: "watchTask",
  summary: "What happens to a task, until its end.",
  tags: ["tasks"],
  params: schemas.taskParams(),
  response: { ...STREAM, 204: { description: "The end was told already.", type: "null" } },
};
const ALL_SCHEMA = {
  operationId: "watch",
  summary: "What happens to tasks.",
  tags: ["tasks"],
  querystring: {
    type: "object",
    properties: { action: { type: "string" }, queue: { type: "string" }, owner: { type: "string" } },
  },
  response: STREAM,
};
