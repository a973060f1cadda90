/** Who the other nodes are, as a person writes it: "1=10.0.0.1:9000,3=tandas://three.example:9000". */
import { parseAddresses, type Address } from "../client/address.ts";
import { TandaError } from "../task/errors.ts";
import { MAX_NODE_TAG } from "../task/id.ts";

export type PeerAddress = { readonly node: number; readonly address: string };

const HINT =
  "Write the other nodes as NUMBER=HOST:PORT with commas between: 1=10.0.0.1:9000,3=10.0.0.3:9000.";

/** @throws bad_request */
export function parsePeers(text: string): PeerAddress[] {
  const peers = text.split(",").map((part) => {
    const match = /^\s*(\d{1,4})\s*=\s*(\S+)\s*$/.exec(part);
    if (!match) throw wrong(`--peers has ${JSON.stringify(part.trim())}, which is not NUMBER=HOST:PORT`);
    return { node: Number(match[1]), address: match[2]! };
  });
  checkAmongThem(peers);
  return peers;
}

/** Each node of a cluster has a number of its own, from 1 on. @throws bad_request */
export function checkPeers(own: number, peers: readonly PeerAddress[]): void {
  if (peers.length === 0) return;
  if (own === 0) throw wrong("a node with --peers needs a number of its own: --node 1 to 1023");
  if (peers.some(({ node }) => node === own)) throw wrong(`--peers names node ${own}, which is this node`);
  checkAmongThem(peers);
}

function checkAmongThem(peers: readonly PeerAddress[]): void {
  const seen = new Set<number>();
  for (const { node, address } of peers) {
    if (!Number.isInteger(node) || node < 1 || node > MAX_NODE_TAG)
      throw wrong(`--peers has a node ${node}; numbers go from 1 to ${MAX_NODE_TAG}`);
    if (seen.has(node)) throw wrong(`--peers names node ${node} twice`);
    seen.add(node);
    peerAddress(address);
  }
}

/** @throws bad_request */
export function peerAddress(text: string): Address {
  const [address, more] = parseAddresses(text);
  if (address!.kind !== "lines" || more)
    throw wrong(`--peers has ${JSON.stringify(text)}, not one HOST:PORT`);
  return address!;
}

function wrong(message: string): TandaError {
  return new TandaError("bad_request", message, { hint: HINT });
}
