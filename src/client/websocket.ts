import { TandaError } from "../task/errors.ts";
import type { Address } from "./address.ts";
import type { Connection, Receiver, Transport } from "./transport.ts";

/** Lines over a WebSocket, one message each: the browser's, or the one Node has. */
export function createSocketTransport(address: Address): Transport {
  return {
    name: address.socketUrl,
    open: (receiver) => carry(new WebSocket(address.socketUrl), receiver),
  };
}

const MESSAGE_TOO_BIG = 1009;

function carry(socket: WebSocket, receiver: Receiver): Connection {
  let isClosed = false;
  let reason: Error | null = null;
  const tellClosed = (): void => {
    if (isClosed) return;
    isClosed = true;
    receiver.closed(reason);
  };
  socket.addEventListener("open", () => {
    if (!isClosed) receiver.opened();
  });
  socket.addEventListener("message", ({ data }) => {
    if (isClosed || typeof data !== "string") return;
    receiver.lines(data.includes("\n") ? data.split("\n").filter((line) => line !== "") : [data]);
  });
  socket.addEventListener("error", (event) => {
    // Browsers say nothing more, on purpose; Node puts the reason here.
    const { message } = event as { message?: unknown };
    const text = typeof message === "string" && message !== "" ? message : "the WebSocket failed";
    reason ??= new Error(text);
  });
  socket.addEventListener("close", ({ code, reason: text }) => {
    if (code === MESSAGE_TOO_BIG) {
      reason = new TandaError("too_large", "The node does not take a message that long.", {
        hint: "Keep the bytes with blobs.put() and send what it returns.",
      });
    } else if (text !== "") reason ??= new Error(text);
    tellClosed();
  });
  return {
    send(lines) {
      if (socket.readyState !== WebSocket.OPEN) return;
      for (const line of lines.split("\n")) if (line !== "") socket.send(line);
    },
    close: () => socket.close(1000),
    abort() {
      socket.close();
      // The closing handshake with a dead peer can take a minute.
      tellClosed();
    },
  };
}
