/** The other nodes of a cluster. A node without any loads nothing of this. */
import { ClusterEngine } from "../cluster/cluster-engine.ts";
import { ClusterTokens } from "../cluster/cluster-tokens.ts";
import { Ownership } from "../cluster/ownership.ts";
import { Peer } from "../cluster/peer.ts";
import type { Engine } from "../engine/engine.ts";
import { signerOf } from "./cluster-secret.ts";
import type { NodeOptions } from "./options.ts";

export type Cluster = { readonly engine: Engine; close(): Promise<void> };

export function openCluster(
  local: Engine,
  {
    node,
    peers,
    token,
    clusterSecret,
    log,
  }: Pick<NodeOptions, "node" | "peers" | "token" | "clusterSecret" | "log">,
): Cluster {
  const signer = signerOf(clusterSecret);
  const means = { own: node, signer, token, now: Date.now, random: Math.random, log };
  const others = peers.map((address) => new Peer(address, means));
  const owners = new Ownership(
    node,
    others.map((peer) => peer.node),
  );
  const tokens = new ClusterTokens(local, others, log);
  return {
    engine: new ClusterEngine(local, others, owners, tokens),
    async close() {
      tokens.close();
      await Promise.all(others.map((peer) => peer.close()));
    },
  };
}
