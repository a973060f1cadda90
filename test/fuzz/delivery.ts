/** Brings one input to a port as hostile clients do: in pieces, then a half close, a reset or silence; and gathers what is answered. */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { cutInto } from "./cuts.ts";
import type { Dice } from "./dice.ts";

export type Ending = "half close" | "reset" | "silence";
export type Delivered = {
  readonly answer: Buffer;
  readonly ending: Ending;
  /** It was the node that ended it, and all of the answer came. */
  readonly isWhole: boolean;
  /** The node let it be for longer than any of its limits allows. */
  readonly isHung: boolean;
};

/** The longest limit of the node is 15 s, looked after once a second. The rest is for a machine with other work. */
const HUNG_MS = 45_000;
const SILENT_MS = 40;
/** A watch of all that happens is never silent. */
const LONGEST_STAY_MS = 2000;
const MOST_BYTES = 8 * 1024 * 1024;

/** @param mayStay a connection that may be owed something for ever: it is left after so long without a word. */
export async function deliver(
  port: number,
  input: Buffer,
  dice: Dice,
  ending: Ending,
  mayStay: number | null,
): Promise<Delivered> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  const parts: Buffer[] = [];
  let bytes = 0;
  let heardAt = performance.now();
  let hasEnded = false;
  let wasReset = false;
  socket.on("data", (chunk: Buffer) => {
    heardAt = performance.now();
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) parts.push(chunk);
  });
  socket.on("end", () => {
    hasEnded = true;
    socket.end();
  });
  socket.on("error", () => (wasReset = true));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await Promise.race([new Promise<void>((resolve) => socket.once("connect", () => resolve())), closed]);
  for (const piece of cutInto(input, dice.odds(0.5) ? 1 : dice.between(2, 6), dice)) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (dice.odds(0.3)) await delay(dice.below(4));
  }
  if (ending === "half close") socket.end();
  else if (ending === "reset") {
    if (dice.odds(0.5)) await delay(dice.below(10));
    socket.resetAndDestroy();
  } else {
    await Promise.race([closed, delay(SILENT_MS)]);
    // Without a reset the node could not tell it from one that still listens.
    if (!hasEnded) socket.resetAndDestroy();
  }
  const begun = performance.now();
  let isHung = false;
  let isLeft = false;
  while (!socket.closed) {
    await Promise.race([closed, delay(100)]);
    const now = performance.now();
    isLeft = mayStay !== null && (now - heardAt > mayStay || now - begun > LONGEST_STAY_MS);
    isHung = !isLeft && now - begun > HUNG_MS;
    // A reset: of a client that is gone without one a node that waits for its task hears nothing.
    if (isHung || isLeft) socket.resetAndDestroy();
  }
  const isWhole =
    hasEnded && !wasReset && ending === "half close" && !isHung && !isLeft && bytes <= MOST_BYTES;
  return { answer: Buffer.concat(parts), ending, isWhole, isHung };
}
