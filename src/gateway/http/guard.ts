/** Looks at every request before anything is done: is it for us, may its page ask, does it have the token. */
import type { IncomingMessage } from "node:http";
import { TandaError } from "../../task/errors.ts";
import type { Peer } from "../connections.ts";
import type { Door } from "../door.ts";
import type { Grant } from "../grant.ts";
import { HttpError } from "./problem.ts";

/** @throws forbidden when a browser sent this for a page that is not ours (docs/protocol.md, HTTP). */
export function checkPage(door: Door, request: IncomingMessage, peer: Peer): void {
  const host = request.headers.host ?? "";
  if (host === "" && request.httpVersion !== "1.0")
    throw new HttpError(400, "bad_request", "there is no Host");
  // A browser always says one; what speaks HTTP/1.0 without is a balancer's check.
  if (peer.isLoopbackListener && host !== "" && !door.isOwnHost(host)) {
    throw new TandaError("forbidden", "this Host is not served here", {
      hint: "Use localhost, or start the node with --host NAME.",
    });
  }
  const { origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const isElsewhere =
    origin === undefined
      ? site === "cross-site" && request.headers["sec-fetch-mode"] !== "navigate"
      : !door.isAllowedOrigin(origin, host);
  if (isElsewhere) {
    throw new TandaError("forbidden", "pages of this Origin may not use it", {
      hint: "Start the node with --origin https://that.page",
    });
  }
}

export function bearerToken(request: IncomingMessage): string | null {
  return bearerOf(request.headers.authorization ?? "");
}

export function bearerOf(authorization: string): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}

/** @throws unauthorized; unavailable when it cannot be looked up. */
export async function admit(door: Door, request: IncomingMessage): Promise<Grant> {
  const token = bearerToken(request);
  const grant = token === null ? door.open : (door.admit(token) ?? (await door.admitLate(token)));
  if (grant !== null) return grant;
  throw new TandaError("unauthorized", token === null ? "a token is required" : "this token is wrong", {
    hint: "Send Authorization: Bearer TOKEN",
  });
}

const TOKEN_PROTOCOL = "tanda.token.";

/** Browsers cannot set headers on a WebSocket, so the token may come as a subprotocol, in base64url. */
export function socketToken(request: IncomingMessage): string | null {
  const bearer = bearerToken(request);
  if (bearer !== null) return bearer;
  const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const carrier = protocols.find((name) => name.startsWith(TOKEN_PROTOCOL));
  return carrier === undefined
    ? null
    : Buffer.from(carrier.slice(TOKEN_PROTOCOL.length), "base64url").toString();
}
