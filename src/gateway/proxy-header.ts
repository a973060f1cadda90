/** The PROXY header, versions 1 and 2: who the client behind a balancer is. */
import { isIP } from "node:net";
import { PROXY_V2_SIGNATURE } from "./sniff.ts";

export type ProxyHeader =
  /** `address` is null when the balancer speaks for itself (a health check) or does not know. */
  | { readonly type: "header"; readonly length: number; readonly address: string | null }
  | { readonly type: "undecided" }
  | { readonly type: "invalid" };

const V1_LONGEST = 107;
const V2_HEAD = 16;
/** Addresses and extensions; a certificate's fields fit, a flood does not. */
const V2_LONGEST = 4096;
const INVALID: ProxyHeader = { type: "invalid" };
const UNDECIDED: ProxyHeader = { type: "undecided" };

/** `bytes` begin as sniff.ts said. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  return bytes[0] === PROXY_V2_SIGNATURE[0] ? parseV2(bytes) : parseV1(bytes);
}

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_LONGEST).indexOf("\r\n");
  if (end < 0) return bytes.length >= V1_LONGEST ? INVALID : UNDECIDED;
  const words = bytes.toString("latin1", 0, end).split(" ");
  const length = end + 2;
  if (words[1] === "UNKNOWN") return { type: "header", length, address: null };
  const family = words[1] === "TCP4" ? 4 : words[1] === "TCP6" ? 6 : 0;
  const isWhole = words.length === 6 && isPort(words[4]!) && isPort(words[5]!);
  if (family === 0 || !isWhole || isIP(words[2]!) !== family || isIP(words[3]!) !== family) return INVALID;
  return { type: "header", length, address: words[2]! };
}

function isPort(word: string): boolean {
  return /^\d{1,5}$/.test(word) && Number(word) <= 65_535;
}

function parseV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_HEAD) return UNDECIDED;
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const family = bytes[13]! >> 4;
  const size = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || size > V2_LONGEST) return INVALID;
  if (bytes.length < V2_HEAD + size) return UNDECIDED;
  const length = V2_HEAD + size;
  if (command === 0) return { type: "header", length, address: null };
  const addresses = bytes.subarray(V2_HEAD, length);
  if (family === 1) {
    return size < 12 ? INVALID : { type: "header", length, address: addresses.subarray(0, 4).join(".") };
  }
  if (family === 2) {
    if (size < 36) return INVALID;
    const groups = Array.from({ length: 8 }, (_, i) => addresses.readUInt16BE(i * 2).toString(16));
    return { type: "header", length, address: groups.join(":") };
  }
  return { type: "header", length, address: null };
}
