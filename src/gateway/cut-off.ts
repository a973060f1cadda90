import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Ends a connection of who does not read. Closed in good order, the system would keep for minutes what it has for him: megabytes of
 * each, and nobody counts them. Inside TLS there is no other way.
 */
export function cutOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
