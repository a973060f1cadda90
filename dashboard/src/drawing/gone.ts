/** Nodes that were here and are no longer told of: they are drawn for a while as stopped, so that one sees what went away. */
import type { NodeView } from "../../../src/protocol/messages.ts";

/** By the number of the node, with when it was told of last, epoch milliseconds. */
export type Seen = ReadonlyMap<number, { readonly node: NodeView; readonly at: number }>;

const SHOWN_MS = 60_000;

export function seenNow(before: Seen, nodes: readonly NodeView[], now: number): Seen {
  const seen = new Map([...before].filter(([, { at }]) => now - at < SHOWN_MS));
  for (const node of nodes) seen.set(node.node, { node, at: now });
  return seen;
}

export function goneOf(seen: Seen, nodes: readonly NodeView[]): NodeView[] {
  const here = new Set(nodes.map(({ node }) => node));
  return [...seen.values()].filter(({ node }) => !here.has(node.node)).map(({ node }) => node);
}
