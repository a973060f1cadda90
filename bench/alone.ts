/** A node alone, with its client on the same machine. */
import { list } from "./listing.ts";
import { page } from "./page.ts";
import type { Measure, Suite } from "./suite.ts";
import { QUICK, w1, w2, w3, w4, type Workload } from "./workloads.ts";

const COUNTS: Readonly<Record<Workload, number>> = { W1: 200_000, W2: 2000, W3: 64, W4: 200_000 };
const PAGE = "PAGE";

export const alone: Suite = {
  names: [...Object.keys(COUNTS), PAGE],
  // The page needs a browser.
  unusual: [PAGE],
  goals: [],
  async open(names, { isQuick }) {
    const counts = isQuick ? QUICK : COUNTS;
    const measures: readonly Measure[] = [
      { name: "W1", run: (onProgress) => w1(counts.W1, onProgress) },
      { name: "W2", run: (onProgress) => w2(counts.W2, onProgress) },
      { name: "W3", run: (onProgress) => w3(counts.W3, onProgress) },
      { name: "W4", run: (onProgress) => w4(counts.W4, onProgress) },
      { name: PAGE, run: (onProgress) => page(isQuick ? 10_000 : 300_000, onProgress) },
    ];
    return {
      measures: measures.filter(({ name }) => names.includes(name)),
      leftOut: [],
      versions: () => ({}),
      async [Symbol.asyncDispose]() {},
    };
  },
  show: list,
};
