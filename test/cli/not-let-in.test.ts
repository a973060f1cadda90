/** What the command line says where a node is there, and takes no requests of ours: the next step, not "start one". */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { adviceOn } from "../../src/client/unreachable.ts";
import { Place, type ServeProcess } from "../e2e/serve-process.ts";
import { runCli } from "./run-cli.ts";

describe("not let in", () => {
  let place: Place;
  let serve: ServeProcess;
  /** In the order of `--listen`. */
  let servers: string[] = [];
  before(async () => {
    place = new Place();
    serve = place.serve({
      args: ["--listen", "127.0.0.1:0,proxy 127.0.0.1:0"],
      env: { TANDA_TOKEN: "a-token-of-a-node" },
    });
    await serve.listening();
    servers = Array.from(serve.raw.matchAll(/"(127\.0\.0\.1:\d+)/g), ([, address]) => `tanda://${address}`);
  });
  after(async () => {
    await serve?.[Symbol.asyncDispose]();
    place?.[Symbol.dispose]();
  });

  test("at a port that is for a balancer: that it wants a PROXY header, and whom to ask", async () => {
    const ran = await runCli(["run", "upper", "x"], { server: servers[0]! });
    assert.equal(ran.code, 3);
    assert.match(ran.stderr, /a PROXY header is required here.*\nOnly its balancer may connect there/);
    const doctor = await runCli(["doctor"], { server: servers[0]! });
    assert.match(doctor.stdout, /✘ connection: .*a PROXY header is required here.*\n +Only its balancer/);
  });

  test("without the token: where to give it, not how the wire says it", async () => {
    const ran = await runCli(["run", "upper", "x"], { server: servers[1]! });
    assert.equal(ran.code, 3);
    assert.match(ran.stderr, /^error: unauthorized: .*\nGive the token .*TANDA_TOKEN/);
    assert.doesNotMatch(ran.stderr, /"op"/);
  });

  test("to a certificate of an unknown signer: how to name the signer", () => {
    const told = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    assert.match(adviceOn(told)!, /NODE_EXTRA_CA_CERTS/);
    assert.equal(adviceOn(Object.assign(new Error("connect"), { code: "ECONNREFUSED" })), null);
  });
});
