/** What a cluster tells while some of its nodes do not answer is not all: a person is told so, beside the output. */
import type { Terminal } from "./terminal.ts";

type Told = { readonly missing?: readonly number[] };

export function noteMissing(terminal: Terminal, told: readonly Told[]): void {
  const nodes = [...new Set(told.flatMap(({ missing = [] }) => missing))].sort((a, b) => a - b);
  if (nodes.length === 0) return;
  const [who, they] = nodes.length === 1 ? ["Node", "it holds"] : ["Nodes", "they hold"];
  terminal.note(`${who} ${listed(nodes)} did not answer: what ${they} is not shown.`);
}

/** "1", "1 and 2", "1, 2 and 3" */
export function listed(items: readonly (string | number)[]): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
