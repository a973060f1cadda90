import { z } from "zod";
import { defineActions } from "../../src/index.ts"; // in a project of yours: from "tanda"

const WORDS_A_MINUTE = 220;

export default defineActions({
  report: {
    description: "What there is to say of a text.",
    input: z.object({ text: z.string().trim().min(1) }),
    timeout: "30s",
    attempts: 3,
    run: ({ text }, { progress }) => {
      const words = text.split(/\s+/);
      progress({ words: words.length });
      return {
        words: words.length,
        sentences: text.split(/[.!?…]+(?:\s|$)/).filter(Boolean).length,
        minutes: Math.ceil(words.length / WORDS_A_MINUTE),
      };
    },
  },
});
