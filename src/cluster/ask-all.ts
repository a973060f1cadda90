import type { AskOp, OpArguments } from "../client/caller.ts";
import { TandaError } from "../task/errors.ts";
import type { Told } from "./merge.ts";
import type { Peer } from "./peer.ts";

/** This node's first. @throws what this node or a peer refuses, but not that a peer is down. */
export async function askAll<T>(
  peers: Iterable<Peer>,
  own: number,
  op: AskOp,
  about: OpArguments,
  here: () => Promise<T>,
): Promise<Told<T>> {
  const missing: number[] = [];
  const asked = [...peers].map(async (peer) => {
    try {
      return { node: peer.node, value: (await peer.ask(op, about)) as T };
    } catch (error) {
      if (!(error instanceof TandaError && error.code === "unavailable")) throw error;
      missing.push(peer.node);
      return null;
    }
  });
  const [mine, ...others] = await Promise.all([here(), ...asked]);
  const parts = [{ node: own, value: mine }, ...others.filter((part) => part !== null)];
  return { parts, missing: missing.sort((a, b) => a - b) };
}

/** @throws unavailable when a node could not be told what every one must be; the others were. */
export function everyOne<T>(told: Told<T>, what: string): Told<T> {
  if (told.missing.length === 0) return told;
  throw new TandaError("unavailable", `Node ${told.missing.join(", ")} could not be told to ${what}.`, {
    hint: "The other nodes did it. Say it again when that node is back: it is not remembered for it.",
    retryAfterMs: 1000,
  });
}
