import { LocalBus } from "../../src/bus/local.ts";
import { busContract } from "./bus-contract.ts";

let opened = 0;
busContract("the local bus", async () => {
  const peers = new Map<string, LocalBus>();
  return async () => new LocalBus(`node-${opened++}`, peers);
});
