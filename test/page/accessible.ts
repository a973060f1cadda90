/** What axe finds in the page as it stands, targets that are too small for a finger among it; and what does not fit its width. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LookedAt } from "./looked-at.ts";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

type Finding = {
  id: string;
  impact: string;
  help: string;
  nodes: { target: string[]; failureSummary: string; html: string }[];
};

/** @returns what is serious or worse, in words; each kind with the first places of it. */
export async function barriers(it: LookedAt): Promise<string[]> {
  if (!(await it.evaluate<boolean>("'axe' in globalThis"))) await it.evaluate(`${AXE}; undefined`);
  const found = await it.evaluate<Finding[]>(
    `axe.run({ resultTypes: ["violations"] , rules: { "target-size": { enabled: true } } }).then(({ violations }) => violations)`,
  );
  return found
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(
          ({ target, failureSummary }) => `${id} (${nodes.length}): ${target.join(" ")}: ${failureSummary}`,
        ),
    );
}

/** @returns what reaches beyond the right edge, when the document can be scrolled sideways; else nothing. */
export function overflowing(it: LookedAt): Promise<string[]> {
  return it.evaluate<string[]>(`(() => {
    const wide = document.documentElement;
    if (wide.scrollWidth <= wide.clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((one) => one.getBoundingClientRect().right > wide.clientWidth + 1)
      .slice(0, 5)
      .map((one) => one.tagName + "." + one.className + " " + Math.round(one.getBoundingClientRect().right));
  })()`);
}
