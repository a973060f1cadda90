import { defineActions } from "../../src/index.ts"; // in a project of yours: from "tanda"

const WORD = /\p{L}+(?:['’-]\p{L}+)*/gu;

export default defineActions({
  words: {
    description: "Counts the words of a line, in lower case.",
    timeout: "10s",
    run: (line: unknown): Record<string, number> => {
      // a Map, since "constructor" is a word too; a line of digits reaches us as a number
      const counts = new Map<string, number>();
      for (const [word] of String(line).toLowerCase().matchAll(WORD)) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      return Object.fromEntries(counts);
    },
  },
});
