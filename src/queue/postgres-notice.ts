/** What a publisher says to those who listen: where it has put something. A hint, since whoever misses it looks around anyway. */
import type { RemoteLane } from "./remote-lane.ts";

/** A notice of PostgreSQL is smaller than 8,000 bytes. */
const MOST_BYTES = 7900;
/** Too many to be named: look around. */
const ANYWHERE = "";

export function toNotice(lanes: Iterable<RemoteLane>): string {
  const text = JSON.stringify(Array.from(lanes, ({ name, priority }) => [name, priority]));
  return Buffer.byteLength(text) > MOST_BYTES ? ANYWHERE : text;
}

/** @returns null for anywhere, and for what another version may understand. */
export function readNotice(text: string): RemoteLane[] | null {
  try {
    const lanes = JSON.parse(text) as [string, number][];
    const isWhole = lanes.every(
      ([name, priority]) => typeof name === "string" && [0, 1, 2, 3].includes(priority),
    );
    return isWhole ? lanes.map(([name, priority]) => ({ name, priority })) : null;
  } catch {
    return null;
  }
}
