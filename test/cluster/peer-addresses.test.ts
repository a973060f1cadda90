import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkPeers, parsePeers } from "../../src/cluster/peer-addresses.ts";
import { startNode } from "../../src/node/start-node.ts";

describe("the peers of a node", () => {
  test("are read with their numbers and addresses", () => {
    assert.deepEqual(parsePeers("1=10.0.0.1:9000, 3=tandas://three.example:9000"), [
      { node: 1, address: "10.0.0.1:9000" },
      { node: 3, address: "tandas://three.example:9000" },
    ]);
  });

  for (const [what, own, peers, says] of [
    ["no number of its own", 0, "1=127.0.0.1:9001", /--node 1 to 1023/],
    ["itself among them", 2, "1=127.0.0.1:9001,2=127.0.0.1:9001", /names node 2, which is this node/],
    ["one twice", 2, "1=127.0.0.1:9001,1=127.0.0.1:9003", /names node 1 twice/],
    ["a number that is none", 2, "0=127.0.0.1:9001", /from 1 to 1023/],
    ["an address that is not one of lines", 2, "1=http://127.0.0.1:9001", /not one HOST:PORT/],
    ["an end that is missing", 2, "1=127.0.0.1:9001,", /not NUMBER=HOST:PORT/],
  ] as const) {
    test(`are refused with ${what}`, () => {
      assert.throws(() => checkPeers(own, parsePeers(peers)), says);
    });
  }

  test("are looked at before a node that is given them opens anything", async () => {
    const peers = [{ node: 2, address: "127.0.0.1:9001" }];
    await assert.rejects(startNode({ node: 2, peers, data: "/dev/null/none" }), /which is this node/);
  });
});
