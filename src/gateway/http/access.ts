/** Tokens and the audit log over HTTP. */
import type { FastifyInstance } from "fastify";
import { AUDIT_FIELDS } from "../../protocol/access.ts";
import { checkAuditFilter } from "../../protocol/op-fields.ts";
import { checkWish } from "../../protocol/scopes.ts";
import * as accessSchemas from "./access-schemas.ts";
import { param, queryOf } from "./request-facts.ts";
import * as schemas from "./schemas.ts";

export function routeAccess(app: FastifyInstance): void {
  app.get("/v1/tokens", { schema: LIST_SCHEMA }, (request) => {
    queryOf(request, []);
    return request.engine.tokens();
  });
  app.post("/v1/tokens", { schema: CREATE_SCHEMA }, async (request, reply) => {
    queryOf(request, []);
    const created = await request.engine.createToken(checkWish(request.body));
    return reply.code(201).header("cache-control", "no-store").send(created);
  });
  app.delete("/v1/tokens/:token", { schema: REVOKE_SCHEMA }, (request) => {
    queryOf(request, []);
    return request.engine.revokeToken(param(request, "token"));
  });
  app.get("/v1/audit", { schema: AUDIT_SCHEMA }, (request) => {
    const { limit, since, ...query } = queryOf(request, AUDIT_FIELDS);
    const filter = checkAuditFilter({
      ...query,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      ...(since === undefined ? {} : { since: /^\d+$/.test(since) ? Number(since) : since }),
    });
    return request.engine.audit(filter);
  });
}

const LIST_SCHEMA = {
  operationId: "tokens",
  summary: "All tokens, without their secrets; newest first.",
  tags: ["access"],
  response: schemas.answers("Tokens.", { type: "array", items: accessSchemas.token }),
};
const CREATE_SCHEMA = {
  operationId: "create_token",
  summary: "Makes a token. Its secret is told once, here.",
  tags: ["access"],
  body: accessSchemas.wish,
  response: schemas.answers("Made.", accessSchemas.created, 201),
};
const REVOKE_SCHEMA = {
  operationId: "revoke_token",
  summary: "Ends a token; within seconds also on connections that are open.",
  tags: ["access"],
  params: { type: "object", required: ["token"], properties: { token: { type: "string" } } },
  response: schemas.answers("As it is now.", accessSchemas.token),
};
const AUDIT_SCHEMA = {
  operationId: "audit",
  summary: "Who did what: administrative acts, newest first.",
  tags: ["access"],
  querystring: {
    type: "object",
    properties: {
      since: { type: "string", description: "Epoch milliseconds, RFC 3339, or a duration back from now." },
      cursor: { type: "string", description: "`next` of the page before." },
      limit: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    },
  },
  response: schemas.answers("A page.", accessSchemas.auditPage),
};
