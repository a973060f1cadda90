/** What a soak runs: work whose answer can be checked, and a task that ends its thread. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

const WORK_MS = 10;

export function answerTo(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export default {
  work: {
    async run(text: string): Promise<string> {
      await delay(WORK_MS);
      return answerTo(text);
    },
  },
  poison: { run: (): never => process.exit(3) },
};
