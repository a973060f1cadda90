/** The PROXY header, version 2, as a balancer writes it. */
import { isIP } from "node:net";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const LOCAL = 0x20;
const PROXIED = 0x21;

export type End = { readonly address: string; readonly port: number };

/** The balancer speaks for itself. */
export const LOCAL_HEADER: Buffer = header(LOCAL, 0, Buffer.alloc(0));

/** Both ends of the client's connection. When they are of different families or unknown, the node is told nothing. */
export function proxyHeader(from: End, to: End): Buffer {
  const source = bytesOf(from.address);
  const target = bytesOf(to.address);
  if (source === null || target === null || source.length !== target.length) return LOCAL_HEADER;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(to.port, 2);
  return header(PROXIED, source.length === 4 ? 0x11 : 0x21, Buffer.concat([source, target, ports]));
}

function header(command: number, family: number, addresses: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head[0] = command;
  head[1] = family;
  head.writeUInt16BE(addresses.length, 2);
  return Buffer.concat([SIGNATURE, head, addresses]);
}

function bytesOf(address: string): Buffer | null {
  // A socket that takes both families tells IPv4 so.
  const plain = address.toLowerCase().startsWith("::ffff:") ? address.slice(7) : address;
  const family = isIP(plain);
  if (family === 4) return Buffer.from(plain.split(".").map(Number));
  if (family === 0) return null;
  // URL writes IPv6 in its short form, with an IPv4 end turned into groups; a zone is only known here.
  const short = new URL(`http://[${plain.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [left = "", right] = short.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}
