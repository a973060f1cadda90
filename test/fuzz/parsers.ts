/** The pure readers, called directly: many inputs a second, each given to readers of all kinds. */
import { hashOf, Dice } from "./dice.ts";
import { bodies, frames, proxyHeaders, requestFacts, sniffing, submitHeads } from "./readers-wire.ts";
import { durations, inline, jsonLimits, lines, requests } from "./readers-text.ts";

const READERS = {
  lines,
  requests,
  inline,
  jsonLimits,
  durations,
  sniffing,
  proxyHeaders,
  submitHeads,
  requestFacts,
  bodies,
  frames,
};

/** Far more than any of them may take, also while others use the processor. */
const LONGEST_MS = 3000;

/** @param share of the readers that are given it. @returns what is wrong, or null. */
export async function tryReaders(input: Buffer, share: number): Promise<string | null> {
  const dice = new Dice(hashOf(input));
  for (const [name, read] of Object.entries(READERS)) {
    if (!dice.odds(share)) continue;
    const begun = performance.now();
    try {
      await read(input, new Dice(hashOf(input) + name.length));
    } catch (error) {
      return `${name}: ${String(error instanceof Error ? error.message : error)}`;
    }
    if (performance.now() - begun > LONGEST_MS)
      return `${name}: took ${Math.round(performance.now() - begun)} ms`;
  }
  return null;
}
