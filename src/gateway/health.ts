import type { Health } from "../engine/engine.ts";
import type { PingView } from "../protocol/messages.ts";
import type { GatewayContext } from "./context.ts";

const DRAINING: Health = { state: "draining", reason: "the node is stopping" };

/** The node's health as its clients are told it: also a gateway that closes is draining. */
export function healthOf(context: GatewayContext): Health {
  return context.isDraining() ? DRAINING : context.own.health;
}

/** As those are told who choose a node for new clients: one that is about to drain is none to choose, though it still serves. */
export function healthForAskers(context: GatewayContext): Health {
  return context.isLeaving() ? DRAINING : context.own.health;
}

/** What `ping` answers, as JSON text. */
export function pingData(context: GatewayContext, { state, reason } = healthOf(context)): string {
  const { node, version } = context.own.self;
  const ping: PingView = { state, node, version, at: context.clock.now() };
  if (reason !== null) ping.reason = reason;
  return JSON.stringify(ping);
}
