import type { Socket } from "node:net";

/**
 * Ends a connection of who does not read. Closed in good order, the system would keep for minutes what it has for him: megabytes of
 * each, and nobody counts them.
 */
export function cutOff(socket: Socket): void {
  socket.resetAndDestroy();
}
