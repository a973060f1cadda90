/**
 * Tells what goes out over connections, by what is written to them and not by the library that writes: HTTP requests of any client,
 * tasks for a Tanda, and that there was something else.
 */
import { Socket } from "node:net";
import type { ObservedRun } from "./observed-run.ts";
import { OutgoingReader } from "./outgoing-reader.ts";

type Write = (this: Socket, ...given: unknown[]) => unknown;
type Opener = { -readonly [Name in "connect" | "write" | "end"]: Write };
type Place = { host?: string; port?: number | string; path?: string };

/** @param whose run writes now; null: nobody's. */
export function watchSockets(whose: () => ObservedRun | null): void {
  const readers = new WeakMap<Socket, OutgoingReader>();
  const prototype = Socket.prototype as unknown as Opener;
  const { connect, write, end } = prototype;
  // A connection that was opened before this, as that of the thread to its node, is not the handler's.
  prototype.connect = function (this: Socket, ...given) {
    const scheme = (this as { encrypted?: boolean }).encrypted === true ? "https" : "http";
    readers.set(this, new OutgoingReader(placeOf(given), scheme));
    return connect.apply(this, given);
  };
  const look = (socket: Socket, [chunk, encoding]: unknown[]): void => {
    const reader = readers.get(socket);
    const bytes = bytesOf(chunk, encoding);
    if (reader === undefined || bytes === null) return;
    const run = whose();
    const opening = openingOf(socket);
    if (opening === null) reader.read(bytes, run);
    else socket.once(opening, () => reader.read(bytes, run));
  };
  prototype.write = function (this: Socket, ...given) {
    look(this, given);
    return write.apply(this, given);
  };
  prototype.end = function (this: Socket, ...given) {
    look(this, given);
    return end.apply(this, given);
  };
}

/** Until this event what is written waits, and may never go out. */
function openingOf(socket: Socket): "connect" | "secureConnect" | null {
  const { encrypted, secureConnecting } = socket as { encrypted?: boolean; secureConnecting?: boolean };
  if (encrypted) return socket.connecting || secureConnecting ? "secureConnect" : null;
  return socket.connecting ? "connect" : null;
}

/** Null for what is no chunk: `end` may be given nothing but a callback. */
function bytesOf(chunk: unknown, encoding: unknown): Buffer | null {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk);
  if (typeof chunk !== "string") return null;
  return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
}

/** What `connect` takes: options, a port and a host, a path, or what `net.connect` made of one of these. */
function placeOf(given: readonly unknown[]): string {
  const first = Array.isArray(given[0]) ? (given[0] as unknown[])[0] : given[0];
  if (typeof first === "object" && first !== null) {
    const { host, port, path } = first as Place;
    return path ?? `${host ?? "localhost"}:${port}`;
  }
  if (typeof first === "string" && Number.isNaN(Number(first))) return first;
  return `${typeof given[1] === "string" ? given[1] : "localhost"}:${String(first)}`;
}
