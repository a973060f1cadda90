/** The page for people, and what it is made of. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readPageFiles, type PageFile } from "./page-files.ts";
import { PLAIN_PAGE, PLAIN_PAGE_POLICY } from "./plain-page.ts";

/** Nothing but what is served here, and talk with where it came from. Styles are set by scripts, never written into the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
/** Also where the page was not built: nobody frames it, and who opens it gets no hand on its window. */
const APART = { "x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin" } as const;
const YEAR_S = 31_536_000;

export function routePage(app: FastifyInstance): void {
  const files = readPageFiles();
  const schema = {
    operationId: "page",
    summary: "A page for people.",
    tags: ["health"],
    security: [],
    response: { 200: { description: "HTML.", content: { "text/html": { schema: { type: "string" } } } } },
  };
  const index = files.get("/");
  app.get("/", { config: { isOpen: true }, schema }, (request, reply) => {
    if (index !== undefined) return send(index, request, reply);
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", PLAIN_PAGE_POLICY)
      .headers(APART)
      .send(PLAIN_PAGE);
  });
  for (const file of files.values())
    if (file !== index)
      app.get(file.path, { config: { isOpen: true }, schema: { hide: true } }, (request, reply) =>
        send(file, request, reply),
      );
}

function send(file: PageFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply
    .type(file.type)
    .header("content-security-policy", POLICY)
    .headers(APART)
    .header("vary", reply.hasHeader("vary") ? "Origin, Accept-Encoding" : "Accept-Encoding")
    .header("etag", file.etag)
    .header("cache-control", file.isImmutable ? `public, max-age=${YEAR_S}, immutable` : "no-cache");
  if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
  const accepted = request.headers["accept-encoding"] ?? "";
  const encoding = /\bbr\b/.test(accepted) ? "br" : /\bgzip\b/.test(accepted) ? "gzip" : null;
  if (encoding === null) return reply.send(file.plain);
  return reply.header("content-encoding", encoding).send(file.as(encoding));
}
