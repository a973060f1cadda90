/** What cannot start before its `expires` is refused at once, whichever way it comes; what can is let in. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/client/client.ts";
import { Lines } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const options = { queue: "held", expires: "100ms" };

describe("a task for a queue that has been paused for longer than it may wait", () => {
  let node: NodeProcess;
  before(async () => {
    node = await startNodeProcess(["--threads", "1"]);
    using lines = await Lines.open(node.port);
    await lines.ask({ op: "pause", queue: "held" });
    await delay(300);
  });
  after(() => node[Symbol.asyncDispose]());

  test("is refused on lines", async () => {
    using lines = await Lines.open(node.port);
    const reply = await lines.ask({ action: "upper", payload: "x", options });
    assert.equal(reply.result?.error?.code, "expired");
    assert.match(reply.result.error.message, /paused/);
    const long = { action: "upper", payload: "x", options: { ...options, expires: "1h", wait: false } };
    assert.equal((await lines.ask(long)).status, "queued");
  });

  for (const wait of ["", "?wait=5"]) {
    test(`is refused over HTTP with 410, asked with "${wait}"`, async () => {
      const response = await fetch(`http://127.0.0.1:${node.port}/v1/tasks${wait}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ action: "upper", payload: "x", options }),
      });
      assert.equal(response.status, 410);
      assert.match(await response.text(), /"code":"expired"/);
    });
  }

  test("is refused on a WebSocket", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/v1/socket`);
    await once(socket, "open");
    socket.send(JSON.stringify({ id: 1, action: "upper", payload: "x", options }));
    const [message] = (await once(socket, "message")) as [MessageEvent];
    assert.match(String(message.data), /"code":"expired"/);
    socket.close();
  });

  test("is refused to the SDK at once, which does not try again by itself", async () => {
    await using tanda = connect(`tanda://127.0.0.1:${node.port}`);
    await assert.rejects(tanda.$.submit("upper", "x", options), { code: "expired" });
    await assert.rejects(tanda.$.run("upper", "x", options), { code: "expired" });
  });

  test("is told by the command line with the exit code of what expired, and what to do", async () => {
    const flags = ["--server", `tanda://127.0.0.1:${node.port}`, "--queue", "held", "--expires", "100ms"];
    const child = spawn(process.execPath, [CLI, "submit", "upper", "x", ...flags]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 5, errors);
    assert.match(errors, /cannot start in time/);
    assert.match(errors, /Give a longer `expires`/);
  });
});
