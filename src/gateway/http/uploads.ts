/** Blobs that go to where they are kept by a link: asked for here, sent there, and finished here. */
import type { FastifyInstance } from "fastify";
import { bad, isObject, quoted } from "../../protocol/options.ts";
import { TandaError } from "../../task/errors.ts";
import type { BlobRef } from "../../task/task.ts";
import type { GatewayContext } from "../context.ts";
import { mediaType } from "./blobs.ts";
import { param, queryOf } from "./request-facts.ts";
import * as schemas from "./schemas.ts";

const ID_FORM = /^[0-9a-f]{64}$/;

export function routeUploads(app: FastifyInstance, context: GatewayContext): void {
  const { limits, blobLinkMs } = context;
  app.post("/v1/blobs/uploads", { schema: LINK_SCHEMA }, async (request) => {
    queryOf(request, []);
    request.engine.permit("put_blob");
    const expected = readExpected(request.body, [], limits.blobBytes);
    if (blobLinkMs === null || !request.engine.blobs.uploadLink) throw noLinks();
    return request.engine.blobs.uploadLink(expected, blobLinkMs);
  });
  app.post("/v1/blobs/uploads/:upload", { schema: FINISH_SCHEMA }, async (request, reply) => {
    queryOf(request, []);
    request.engine.permit("put_blob");
    const expected = readExpected(request.body, ["type"], limits.blobBytes);
    if (blobLinkMs === null || !request.engine.blobs.finishUpload) throw noLinks();
    const { type } = request.body as { type?: unknown };
    if (type !== undefined && typeof type !== "string") throw bad("type is not a text");
    const { id, bytes } = await request.engine.blobs.finishUpload(
      param(request, "upload"),
      expected,
      mediaType(type),
    );
    return reply.code(201).header("location", `/v1/blobs/${id}`).send({ $blob: id, bytes });
  });
}

/** @throws bad_request, too_large */
function readExpected(body: unknown, more: readonly string[], maxBytes: number): BlobRef {
  if (!isObject(body)) throw bad("the body is not an object", 'Send {"$blob":"SHA-256","bytes":N}');
  const odd = Object.keys(body).find((name) => !["$blob", "bytes", ...more].includes(name));
  if (odd !== undefined) throw bad(`unknown field ${quoted(odd)}`);
  const { $blob: id, bytes } = body;
  if (typeof id !== "string" || !ID_FORM.test(id))
    throw bad("$blob is not the sha-256 of the bytes, in lower-case hex");
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0)
    throw bad("bytes is not a number of bytes");
  if (bytes > maxBytes) throw new TandaError("too_large", `the blob is larger than ${maxBytes} bytes`);
  return { id, bytes };
}

function noLinks(): TandaError {
  return new TandaError("not_found", "this node gives no links: it takes blobs itself", {
    hint: "Send them with PUT /v1/blobs.",
  });
}

const TAGS = ["blobs"];
const LINK_SCHEMA = {
  operationId: "linkUpload",
  summary: "A link to send a blob by, past the nodes.",
  description:
    "Where blobs are in a bucket and the node gives links; else `not_found`. Send the bytes to `url` with PUT and the `headers` before `expiresAt`, then finish the upload.",
  tags: TAGS,
  body: schemas.blobLink,
  response: schemas.answers("Where to send it.", schemas.uploadLink),
};
const FINISH_SCHEMA = {
  operationId: "finishUpload",
  summary: "Keeps what was sent by a link.",
  description: "Checked first. The body says again what it is, and its media type.",
  tags: TAGS,
  params: { type: "object", required: ["upload"], properties: { upload: { type: "string" } } },
  body: {
    ...schemas.blobLink,
    properties: { ...schemas.blobLink.properties, type: { type: "string" } },
  },
  response: schemas.answers("Kept; `Location` is its path.", schemas.blobLink, 201),
};
