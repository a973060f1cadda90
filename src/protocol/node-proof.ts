/**
 * What nodes of a cluster sign to prove to each other that they know its secret, which itself is never sent. Each text names who
 * speaks to whom, what for, and fresh chance of both sides, so that what was overheard is of no use for anything else.
 * Runs in a browser too: who signs is passed in.
 */

/** Signs with the secret of the cluster. */
export interface Signer {
  sign(text: string): string;
  /** Takes as long for every wrong proof, whatever is right in it. */
  isSigned(text: string, proof: string): boolean;
  /** Never the same again. */
  nonce(): string;
}

/** Who asks, whom, and the chance of who asks. */
export type NodeHello = { readonly from: number; readonly to: number; readonly nonce: string };

/** Signed by who is asked, first: no secret is tried on a stranger. */
export function answerText({ from, to, nonce }: NodeHello, theirs: string): string {
  return ["tanda node answers", from, to, nonce, theirs].join("\n");
}

/** Signed by who asks, once it knows who answers. */
export function claimText({ from, to, nonce }: NodeHello, theirs: string): string {
  return ["tanda node claims", from, to, nonce, theirs].join("\n");
}

/** On a GET of a blob over HTTP: "FROM.TO.AT.NONCE.PROOF". */
export const NODE_HEADER = "tanda-node";
export type BlobHello = NodeHello & { /** Epoch milliseconds. */ readonly at: number };

export function blobText({ from, to, at, nonce }: BlobHello, path: string): string {
  return ["tanda node fetches", from, to, at, nonce, path].join("\n");
}

export function nodeHeader(hello: BlobHello, path: string, signer: Signer): string {
  const { from, to, at, nonce } = hello;
  return [from, to, at, nonce, signer.sign(blobText(hello, path))].join(".");
}

/** Null for what nobody of ours wrote. */
export function readNodeHeader(text: string): (BlobHello & { readonly proof: string }) | null {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,15})\.([\w-]{1,100})\.([\w-]{1,100})$/.exec(text);
  if (!match) return null;
  const [, from, to, at, nonce, proof] = match;
  return { from: Number(from), to: Number(to), at: Number(at), nonce: nonce!, proof: proof! };
}
