import type { Dice } from "./dice.ts";
export function rowInput(dice: Dice): Buffer {
  return dice.bytes(10);
}
export async function tryRows(
  inputs: readonly Buffer[],
): Promise<{ each: (string | null)[]; all: string | null }> {
  return { each: inputs.map(() => null), all: null };
}
