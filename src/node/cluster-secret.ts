/** The secret by which nodes of a cluster know each other. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { peerAddress } from "../cluster/peer-addresses.ts";
import { isLoopback } from "../gateway/listen.ts";
import type { Signer } from "../protocol/node-proof.ts";
import { TandaError } from "../task/errors.ts";
import type { CheckedOptions } from "./options.ts";

export const SHORTEST_SECRET = 16;
const HOW = "openssl rand -hex 24 > secret; then --cluster-secret-file secret at every node";

/** Null without a secret. */
export function signerOf(secret: string | null): Signer | null {
  if (secret === null) return null;
  const sign = (text: string): Buffer => createHmac("sha256", secret).update(text).digest();
  return {
    sign: (text) => sign(text).toString("base64url"),
    isSigned(text, proof) {
      const given = Buffer.from(proof, "base64url");
      const right = sign(text);
      return given.length === right.length && timingSafeEqual(given, right);
    },
    nonce: () => randomBytes(18).toString("base64url"),
  };
}

/** @throws bad_request where somebody who is no node could act as one, from another machine. */
export function checkClusterSecret({
  clusterSecret,
  token,
  peers,
  listen,
}: Pick<CheckedOptions, "clusterSecret" | "token" | "peers" | "listen">): void {
  if (clusterSecret !== null) {
    if (clusterSecret === token) throw wrong("the secret of the cluster is the token, which clients know");
    if (clusterSecret.length < SHORTEST_SECRET)
      throw wrong(`the secret of the cluster is shorter than ${SHORTEST_SECRET} characters`);
    return;
  }
  if (peers.length === 0) return;
  const hosts = [...listen.map(({ host }) => host), ...peers.map(({ address }) => peerAddress(address).host)];
  const far = hosts.find((host) => !isLoopback(host));
  if (far !== undefined)
    throw wrong(`a cluster that reaches beyond this machine (${far}) needs a secret of its nodes`);
}

function wrong(message: string): TandaError {
  return new TandaError("bad_request", message, { hint: `Make one, the same for all nodes: ${HOW}` });
}
