/** Who may act as a node of the cluster: who proves to know its secret, to which no client's token is equal. */
import { blobText, readNodeHeader, type Signer } from "../protocol/node-proof.ts";
import { TandaError } from "../task/errors.ts";

export type NodeDoorOptions = {
  /** This node's number. */
  readonly own: number;
  readonly signer: Signer;
  readonly now: () => number;
};

/** Clocks of nodes may differ by so much. */
const FRESH_MS = 120_000;
const MOST_NONCES = 10_000;

export class NodeDoor {
  readonly #options: NodeDoorOptions;
  /** Of headers that were taken, by when they are stale anyway; oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(options: NodeDoorOptions) {
    this.#options = options;
  }

  get own(): number {
    return this.#options.own;
  }

  get signer(): Signer {
    return this.#options.signer;
  }

  /** Whether a node asks for the blob at this path, for the first time so. */
  isNode(header: string | undefined, path: string): boolean {
    const { own, signer, now } = this.#options;
    const told = header === undefined ? null : readNodeHeader(header);
    if (told === null || told.to !== own || Math.abs(now() - told.at) > FRESH_MS) return false;
    if (!signer.isSigned(blobText(told, path), told.proof) || this.#seen.has(told.nonce)) return false;
    for (const [nonce, staleAt] of this.#seen) {
      if (staleAt > now()) break;
      this.#seen.delete(nonce);
    }
    if (this.#seen.size >= MOST_NONCES) return false;
    this.#seen.set(told.nonce, now() + 2 * FRESH_MS);
    return true;
  }
}

export function notANode(): TandaError {
  return new TandaError("forbidden", "`local` is for nodes of the cluster, which prove that they are", {
    hint: "Leave it out: every node answers for all.",
  });
}
