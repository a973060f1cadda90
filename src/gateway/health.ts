import type { Health } from "../engine/engine.ts";
import type { PingView } from "../protocol/messages.ts";
import type { GatewayContext } from "./context.ts";

/** The node's health as a client is told it: also a gateway that closes is draining. */
export function healthOf(context: GatewayContext): Health {
  return context.isDraining() ? { state: "draining", reason: "the node is stopping" } : context.engine.health;
}

/** What `ping` answers, as JSON text. */
export function pingData(context: GatewayContext): string {
  const { state, reason } = healthOf(context);
  const { node, version } = context.engine.self;
  const ping: PingView = { state, node, version, at: context.clock.now() };
  if (reason !== null) ping.reason = reason;
  return JSON.stringify(ping);
}
