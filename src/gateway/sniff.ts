/** What the first bytes of a connection say it is. */
export type Kind = "http" | "tls" | "proxy" | "lines" | "undecided";

const TLS_HANDSHAKE = 0x16;
const LONGEST_METHOD = 24;
/** Beginning of a PROXY header of version 2. */
export const PROXY_V2_SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
const PROXY_V1_FAMILIES = ["TCP4", "TCP6", "UNKNOWN"];
const HTTP_TARGETS = ["/", "*", "http"];

export function sniff(bytes: Uint8Array): Kind {
  if (bytes.length === 0) return "undecided";
  const first = bytes[0]!;
  if (first === TLS_HANDSHAKE) return "tls";
  if (first === PROXY_V2_SIGNATURE[0]) return sniffSignature(bytes);
  let letters = 0;
  while (letters < bytes.length && isCapital(bytes[letters]!)) letters++;
  if (letters === 0 || letters > LONGEST_METHOD) return "lines";
  if (letters === bytes.length) return "undecided";
  if (bytes[letters] !== 0x20) return "lines";
  const word = asText(bytes.subarray(0, letters));
  const next = asText(bytes.subarray(letters + 1, letters + 9));
  if (word === "PROXY" && PROXY_V1_FAMILIES.some((family) => next.startsWith(family))) return "proxy";
  if (HTTP_TARGETS.some((target) => next.startsWith(target))) return "http";
  const candidates = word === "PROXY" ? [...PROXY_V1_FAMILIES, ...HTTP_TARGETS] : HTTP_TARGETS;
  return candidates.some((candidate) => candidate.startsWith(next)) ? "undecided" : "lines";
}

/** Only blank lines so far: nothing has begun that would have to end. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 13 || byte === 10);
}

function sniffSignature(bytes: Uint8Array): Kind {
  const length = Math.min(bytes.length, PROXY_V2_SIGNATURE.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== PROXY_V2_SIGNATURE[i]) return "lines";
  return length === PROXY_V2_SIGNATURE.length ? "proxy" : "undecided";
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function asText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
