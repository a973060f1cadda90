/** Ids and keys of which it is known which node owns them. */
import { createIdMaker } from "../../src/task/id.ts";
import { Ownership } from "../../src/cluster/ownership.ts";

/** Numbers of the nodes, as `startThree` starts them. */
export const NODES = [1, 2, 3] as const;

const makers = new Map([1, 2, 3, 700].map((node) => [node, createIdMaker(node, Date.now, Math.random)]));

/** A new id that this node owns; where there is no such node, another does. */
export const idOf = (node: number): string => makers.get(node)!();

/** A key that this node owns. */
export function keyOf(node: number, what: string): string {
  const owners = new Ownership(1, [2, 3]);
  for (let n = 0; ; n++) if (owners.ofKey(`${what}-${n}`) === node) return `${what}-${n}`;
}
