/**
 * Whose a task is. An id with the tag of a configured node is that node's; any other id, and every key, belongs to the node
 * whose hash with it is highest (rendezvous hashing), so that all nodes agree without a word, and a node more or less moves
 * only what was its own.
 */
import { idNodeTag } from "../task/id.ts";

export class Ownership {
  readonly own: number;
  readonly #nodes: readonly number[];
  readonly #known: ReadonlySet<number>;

  constructor(own: number, peers: readonly number[]) {
    this.own = own;
    // In one order everywhere, so that equal hashes are judged alike.
    this.#nodes = [own, ...peers].sort((a, b) => a - b);
    this.#known = new Set(this.#nodes);
  }

  /** What is no id is left to this node to refuse. */
  ofTask(id: string): number {
    const tag = idNodeTag(id);
    if (this.#known.has(tag)) return tag;
    return Number.isNaN(tag) ? this.own : this.#highest(id);
  }

  ofKey(key: string): number {
    return this.#highest(key);
  }

  #highest(text: string): number {
    let owner = this.own;
    let highest = -1;
    for (const node of this.#nodes) {
      const hash = hashWith(node, text);
      if (hash > highest) {
        highest = hash;
        owner = node;
      }
    }
    return owner;
  }
}

/** FNV-1a over UTF-16 units, begun with the node, then mixed well: 32 bits. Part of the protocol between nodes. */
function hashWith(node: number, text: string): number {
  let hash = Math.imul(0x811c9dc5 ^ node, 0x01000193);
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
