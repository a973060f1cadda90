/** A connection on which somebody may prove to be a node of the cluster, in two steps; who is asked proves it first. */
import type { OpRequest } from "../protocol/messages.ts";
import { answerText, claimText, type NodeHello } from "../protocol/node-proof.ts";
import { isLocal, type Request } from "../protocol/request.ts";
import { TandaError } from "../task/errors.ts";
import { notANode, type NodeDoor } from "./node-door.ts";

/** The session it is about. */
export interface Visitor {
  letIn(): void;
  endOfInput(): void;
}

export class NodeVisit {
  readonly #door: NodeDoor | null;
  readonly #visitor: Visitor;
  #begun: { readonly hello: NodeHello; readonly nonce: string } | null = null;
  #isProven = false;

  /** @param door null where the cluster has no secret: then whoever is let in may act as a node. */
  constructor(door: NodeDoor | null, visitor: Visitor) {
    this.#door = door;
    this.#visitor = visitor;
  }

  /** Of what nodes say to each other, by who is none. */
  refusalOf(request: Exclude<Request, { type: "refused" }>): TandaError | null {
    return this.#door === null || this.#isProven || !isLocal(request) ? null : notANode();
  }

  /** The op `node`. @throws forbidden; after a wrong proof the connection ends, so that each guess costs one. */
  meet({ from, to, nonce, proof }: OpRequest): object {
    if (this.#door === null) throw noSecret();
    const hello: NodeHello = { from: from!, to: to!, nonce: nonce! };
    if (proof === undefined) return this.#begin(hello, this.#door);
    const begun = this.#begun;
    this.#begun = null;
    if (begun === null || !this.#door.signer.isSigned(claimText(begun.hello, begun.nonce), proof)) {
      this.#visitor.endOfInput();
      throw new TandaError("forbidden", "this is no proof of a node of this cluster");
    }
    this.#isProven = true;
    this.#visitor.letIn();
    return { authorized: true };
  }

  #begin(hello: NodeHello, { own, signer }: NodeDoor): object {
    if (hello.to !== own)
      throw new TandaError("forbidden", `this is node ${own}, not ${hello.to}`, {
        hint: "Look at --peers of the one and --node of the other.",
      });
    const nonce = signer.nonce();
    this.#begun = { hello, nonce };
    return { nonce, proof: signer.sign(answerText(hello, nonce)) };
  }
}

function noSecret(): TandaError {
  return new TandaError("forbidden", "this node has no secret of a cluster", {
    hint: "Give all nodes of the cluster the same --cluster-secret-file.",
  });
}
