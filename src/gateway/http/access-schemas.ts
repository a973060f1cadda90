/** Tokens and acts, for the OpenAPI document. */
import { SCOPE_WORDS } from "../../protocol/scopes.ts";

const names = { type: "array", items: { type: "string" } };
const scope = {
  all: { type: "boolean", description: "It may do all; then there is none of the rest but `expires`." },
  actions: { ...names, description: "`*` at the end of a name stands for any rest." },
  queues: names,
  ops: { type: "array", items: { type: "string", enum: [...SCOPE_WORDS] } },
  maxBytes: { type: "integer", minimum: 1, description: "Of a payload, and of a blob." },
  rate: { type: "string", examples: ["10/s"], description: "Submissions, at each gateway." },
  own: { type: "boolean", description: "Only its own tasks." },
};
const instant = { type: "integer", description: "Epoch milliseconds." };

export const wish = {
  type: "object",
  properties: {
    name: { type: "string" },
    ...scope,
    expires: { type: ["string", "number"], examples: ["7d"] },
  },
};
export const token = {
  type: "object",
  required: ["token", "state", "createdAt"],
  properties: {
    token: { type: "string", description: "Its id." },
    name: { type: "string" },
    state: { type: "string", enum: ["live", "expired", "revoked"] },
    ...scope,
    createdAt: instant,
    expiresAt: instant,
    revokedAt: instant,
  },
};
export const created = {
  ...token,
  required: [...token.required, "secret"],
  properties: { ...token.properties, secret: { type: "string", description: "What a client shows." } },
};
const entry = {
  type: "object",
  required: ["id", "at", "who", "from", "act", "outcome"],
  properties: {
    id: { type: "string" },
    at: instant,
    who: { type: "string", description: "A token's id, or `token`, `loopback`, `process`, `command`." },
    name: { type: "string", description: "The token's." },
    from: { type: "string", description: "The client's address." },
    act: { type: "string", description: "The op." },
    target: { type: "string" },
    outcome: { type: "string", description: "`ok`, or the code of the refusal." },
  },
};
export const auditPage = {
  type: "object",
  required: ["entries", "next"],
  properties: {
    entries: { type: "array", items: entry },
    next: { type: ["string", "null"] },
    missing: { type: "array", items: { type: "integer" } },
  },
};
