/** What the drivers carry: several hints in one letter. What comes may be another version's, or nobody's. */
import type { Hint } from "./bus.ts";

export type Letter = { readonly from: unknown; readonly hints: readonly Hint[] };

/** What is no hint is left out. @throws when it is no letter. */
export function readLetter(text: string): Letter {
  const letter = JSON.parse(text) as { v?: unknown; from?: unknown; hints?: unknown } | null;
  if (letter?.v !== 1 || !Array.isArray(letter.hints))
    throw new Error(`Hints of an unknown version: ${String(letter?.v).slice(0, 100)}`);
  return { from: letter.from, hints: (letter.hints as unknown[]).filter(isHint) };
}

/** A hint that somebody stumbles over keeps the next from nobody. */
export function tellHints(
  hints: readonly Hint[],
  listeners: readonly ((hint: Hint) => void)[],
  onError: (error: unknown) => void,
): void {
  for (const hint of hints) {
    for (const listener of listeners) {
      try {
        listener(hint);
      } catch (error) {
        onError(error);
      }
    }
  }
}

function isHint(value: unknown): value is Hint {
  return typeof value === "object" && value !== null && typeof (value as Partial<Hint>).type === "string";
}
