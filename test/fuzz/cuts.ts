/** The same bytes as a network brings them: in pieces of any size. */
import type { Dice } from "./dice.ts";

export function cutInto(input: Buffer, pieces: number, dice: Dice): Buffer[] {
  const places = Array.from({ length: pieces - 1 }, () => dice.below(input.length + 1)).sort((a, b) => a - b);
  const ends = [...places, input.length];
  let from = 0;
  return ends.map((end) => input.subarray(from, (from = end))).filter((piece) => piece.length > 0);
}
