import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Address } from "./address.ts";
import type { Connection, Receiver, Transport } from "./transport.ts";

const NEWLINE = 10;
const MAX_LINE_BYTES = 256 * 2 ** 20;
const KEEP_ALIVE_AFTER_MS = 60_000;

/** Lines over TCP, or TLS for tandas://. @param ca authorities to believe instead of Node's, in PEM. */
export function createTcpTransport(address: Address, ca?: string): Transport {
  const { host, port, isSecure } = address;
  return {
    name: `${host}:${port}`,
    open(receiver) {
      const socket = isSecure ? connectTls(secureTo(address, ca)) : connectTcp({ host, port });
      return carry(socket, isSecure ? "secureConnect" : "connect", receiver);
    },
  };
}

/** An address has no server name; a certificate for it names it all the same. */
function secureTo({ host, port }: Address, ca: string | undefined): ConnectionOptions {
  return {
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

function carry(socket: Socket, readyEvent: string, receiver: Receiver): Connection {
  /** Bytes after the last newline. */
  let rest: Buffer[] = [];
  let restBytes = 0;
  let reason: Error | null = null;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  socket.once(readyEvent, () => receiver.opened());
  socket.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      rest.push(chunk);
      restBytes += chunk.length;
      if (restBytes > MAX_LINE_BYTES) socket.destroy(new Error(`a line over ${MAX_LINE_BYTES} bytes came`));
      return;
    }
    let text: string;
    if (restBytes === 0) text = chunk.toString("utf8", 0, end);
    else {
      rest.push(chunk.subarray(0, end));
      text = Buffer.concat(rest).toString("utf8");
      rest = [];
      restBytes = 0;
    }
    if (end + 1 < chunk.length) {
      rest.push(chunk.subarray(end + 1));
      restBytes = chunk.length - end - 1;
    }
    receiver.lines(text.split("\n").filter((line) => line !== ""));
  });
  socket.on("error", (error: Error) => {
    reason = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  });
  socket.on("close", () => receiver.closed(reason));
  return {
    send(lines) {
      if (socket.writable) socket.write(lines);
    },
    close: () => void socket.end(),
    abort: () => void socket.destroy(),
  };
}
