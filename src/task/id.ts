/**
 * Task ids are UUIDv7: 48 bits of Unix milliseconds, then version, a counter, a 10-bit node tag and chance.
 *
 *   tttttttt-tttt-7ccc-Vnnn-rrrrrrrrrrrr     t time, c counter (12 bits), V variant + top 2 of the tag, n, r chance
 *
 * The node tag sits in the ten bits after the variant, so that any node can tell whose task an id is.
 * The counter keeps ids of one maker in the order they were made, also within a millisecond.
 */
const ID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const MAX_NODE_TAG = 1023;
const COUNTER_SIZE = 4096;
const HEX3 = Array.from({ length: COUNTER_SIZE }, (_, n) => n.toString(16).padStart(3, "0"));

export type IdMaker = () => string;

/**
 * @param now epoch milliseconds. @param random 0 ≤ x < 1, needs no secrecy: a task id is a name, not a credential.
 * Time never runs backwards in what it makes, also when the clock does.
 */
export function createIdMaker(nodeTag: number, now: () => number, random: () => number): IdMaker {
  let lastMs = -1;
  let counter = 0;
  let prefix = "";
  let tail = "";
  const tagTop = (((nodeTag >> 8) & 3) | 8).toString(16);
  const tagLow = (nodeTag & 0xff).toString(16).padStart(2, "0");
  // Chance tells makers apart, the counter the ids of one maker: so chance is needed once a millisecond only.
  const begin = (ms: number): void => {
    lastMs = ms;
    counter = 0;
    prefix = `${timePrefix(ms)}-7`;
    const low4 = Math.floor(random() * 16).toString(16);
    tail = `-${tagTop}${tagLow}${low4}-${hex16(random)}${hex16(random)}${hex16(random)}`;
  };
  return () => {
    const at = now();
    if (at > lastMs) begin(at);
    else if (++counter === COUNTER_SIZE) begin(lastMs + 1);
    return prefix + HEX3[counter]! + tail;
  };
}

function timePrefix(ms: number): string {
  const high = Math.floor(ms / 65_536);
  return `${hex4(Math.floor(high / 65_536))}${hex4(high % 65_536)}-${hex4(ms % 65_536)}`;
}

function hex16(random: () => number): string {
  return hex4(Math.floor(random() * 65_536));
}

function hex4(n: number): string {
  return n.toString(16).padStart(4, "0");
}

export function isTaskId(id: unknown): id is string {
  return typeof id === "string" && ID_FORM.test(id);
}

/** The moment in the id, epoch milliseconds. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

export function idNodeTag(id: string): number {
  return ((Number.parseInt(id[19]!, 16) & 3) << 8) | Number.parseInt(id.slice(20, 22), 16);
}
