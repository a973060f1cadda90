/** Blobs over HTTP: bytes of any size, streamed both ways, and never run by a browser. */
import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Blobs } from "../../blobs/blobs.ts";
import { OWN_ONLY_HEADER } from "../../protocol/messages.ts";
import { TandaError } from "../../task/errors.ts";
import type { GatewayContext } from "../context.ts";
import { notANode } from "../node-door.ts";
import { HttpError } from "./problem.ts";
import { param, queryOf } from "./request-facts.ts";
import * as schemas from "./schemas.ts";

const BINARY = "application/octet-stream";
const TYPE_FORM =
  /^[\w.+-]{1,100}\/[\w.+-]{1,100}(?:\s*;\s*[\w.+-]{1,50}=(?:[\w.+-]{1,100}|"[^"\\\r\n]{0,100}"))*$/;

export async function routeBlobs(app: FastifyInstance, context: GatewayContext): Promise<void> {
  const { limits, blobLinkMs, nodeDoor } = context;
  // A room of its own, where bodies are not read: they are streamed.
  await app.register(async (room) => {
    room.removeAllContentTypeParsers();
    room.addContentTypeParser("*", (_request, _body, done) => done(null));
    room.put(
      "/v1/blobs",
      { schema: PUT_SCHEMA, bodyLimit: limits.blobBytes, config: { isStream: true } },
      async (request, reply) => {
        queryOf(request, []);
        const declared = Number(request.headers["content-length"] ?? 0);
        if (declared > limits.blobBytes) throw tooLarge(limits.blobBytes);
        const type = mediaType(request.headers["content-type"]);
        const ref = await received(request.raw, limits.bodyMs, (bytes) =>
          request.engine.blobs.put(bytes, { type, maxBytes: limits.blobBytes }),
        );
        return reply
          .code(201)
          .header("location", `/v1/blobs/${ref.id}`)
          .send({ $blob: ref.id, bytes: ref.bytes });
      },
    );
  });
  const send = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    queryOf(request, []);
    const { engine } = request;
    const isLocal = request.headers[OWN_ONLY_HEADER] === "true";
    if (isLocal && nodeDoor !== null && !request.isFromNode) throw notANode();
    const asked = isLocal ? (engine.local ?? engine) : engine;
    return sendBlob(asked.blobs, param(request, "blob"), request, reply, blobLinkMs);
  };
  app.get("/v1/blobs/:blob", { schema: GET_SCHEMA, exposeHeadRoute: false }, send);
  app.head("/v1/blobs/:blob", { schema: { hide: true } }, send);
}

function tooLarge(maxBytes: number): TandaError {
  return new TandaError("too_large", `the blob is larger than ${maxBytes} bytes`);
}

/**
 * Gives the body to `keep`. When that refuses it, the rest is read and thrown away for a while: a connection that is closed
 * with bytes unread loses the answer. An upload that stands still is cut.
 */
async function received<T>(
  raw: IncomingMessage,
  standstillMs: number,
  keep: (bytes: Readable) => Promise<T>,
): Promise<T> {
  const bytes = new PassThrough();
  // Once `keep` has refused it nobody hears of its end, and an error that nobody hears ends the process.
  bytes.on("error", () => {});
  const { socket } = raw;
  const cut = (): void => void raw.destroy();
  socket.setTimeout(standstillMs, cut);
  raw.once("close", () => {
    socket.setTimeout(0);
    socket.off("timeout", cut);
    if (!raw.complete) bytes.destroy(new HttpError(400, "bad_request", "the upload was cut off"));
  });
  raw.pipe(bytes);
  try {
    return await keep(bytes);
  } catch (error) {
    raw.unpipe(bytes);
    raw.resume();
    const timer = setTimeout(cut, standstillMs).unref();
    raw.once("close", () => clearTimeout(timer));
    throw error;
  }
}

/** What is not a media type is bytes. */
export function mediaType(header: string | undefined): string {
  return header !== undefined && TYPE_FORM.test(header.trim()) ? header.trim() : BINARY;
}

/** @param linkMs where the blobs have links, who asks is sent to one that lives so long; null: he gets the bytes from us. */
export async function sendBlob(
  blobs: Pick<Blobs, "stat" | "open" | "downloadUrl">,
  id: string,
  request: FastifyRequest,
  reply: FastifyReply,
  linkMs: number | null = null,
): Promise<FastifyReply> {
  const { bytes, type } = await blobs.stat(id);
  const isJson = /^application\/json\b/.test(type);
  void reply.headers({
    etag: `"${id}"`,
    "cache-control": "private, max-age=31536000, immutable",
    // A browser keeps it for whoever asked, and for nobody without his token or from another page.
    vary: "Authorization, Origin",
    "accept-ranges": "bytes",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": isJson ? "inline" : `attachment; filename="${id.slice(0, 16)}"`,
  });
  if (request.headers["if-none-match"]?.includes(id)) return reply.code(304).send();
  if (linkMs !== null && request.method === "GET" && blobs.downloadUrl) {
    const disposition = `attachment; filename="${id.slice(0, 16)}"`;
    const url = await blobs.downloadUrl(id, { lifeMs: linkMs, disposition });
    // The link passes; what it leads to may be kept.
    return reply
      .removeHeader("etag")
      .removeHeader("content-disposition")
      .headers({ location: url, "cache-control": "private, no-store" })
      .code(307)
      .send();
  }
  void reply.type(mediaType(type));
  const range = parseRange(request.headers.range, bytes);
  if (range === "invalid") {
    void reply.headers({ "content-range": `bytes */${bytes}`, "content-disposition": "inline", etag: "" });
    throw new HttpError(416, "bad_request", `the range lies outside the blob's ${bytes} bytes`);
  }
  if (range) {
    void reply
      .code(206)
      .header("content-range", `bytes ${range.start}-${range.end}/${bytes}`)
      .header("content-length", range.end - range.start + 1);
  } else void reply.header("content-length", bytes);
  if (request.method === "HEAD") return reply.send();
  return reply.send(range ? await blobs.open(id, range) : await blobs.open(id));
}

/** One range of bytes; anything else that is asked for is answered whole, as the standard allows. */
export function parseRange(
  header: string | undefined,
  bytes: number,
): { start: number; end: number } | "invalid" | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  if (match[1] === "") {
    const length = Math.min(Number(match[2]), bytes);
    return length === 0 ? "invalid" : { start: bytes - length, end: bytes - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === "" ? bytes - 1 : Math.min(Number(match[2]), bytes - 1);
  if (match[2] !== "" && Number(match[2]) < start) return null;
  return start >= bytes ? "invalid" : { start, end };
}

const PUT_SCHEMA = {
  operationId: "putBlob",
  summary: "Keeps the body.",
  description: 'Any type and size. Put `{"$blob": id}` into a payload to give it to an action.',
  tags: ["blobs"],
  consumes: [BINARY],
  body: {
    content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
  },
  response: schemas.answers("Kept; `Location` is its path.", schemas.blobLink, 201),
};
const GET_SCHEMA = {
  operationId: "getBlob",
  summary: "The bytes of a blob.",
  tags: ["blobs"],
  params: { type: "object", required: ["blob"], properties: { blob: schemas.blobLink.properties.$blob } },
  headers: { type: "object", properties: { range: { type: "string", examples: ["bytes=0-1023"] } } },
  response: {
    200: {
      description: "All of it.",
      content: { [BINARY]: { schema: { type: "string", format: "binary" } } },
    },
    206: {
      description: "The range.",
      content: { [BINARY]: { schema: { type: "string", format: "binary" } } },
    },
    307: {
      description: "It is at `Location` for a while: the node was told to let the bucket send it.",
      type: "null",
    },
    304: { description: "You have it.", type: "null" },
    ...schemas.refusals,
  },
};
