import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PlainClient } from "./plain-client.ts";
import { PongNode } from "./pong-node.ts";
import { runCli } from "../cli/run-cli.ts";
import { until } from "../until.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("`tanda balancer builtin` tells what it does, ends when its connections have, and at once when told again", async (t) => {
  await using node = await PongNode.open("one");
  const words = ["balancer", "builtin", "--json", "--listen", "0", "--nodes", `127.0.0.1:${node.port}`];
  const child = spawn(process.execPath, [MAIN, ...words, "--check", "100ms"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const events: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) =>
    events.push(JSON.parse(line) as Record<string, unknown>),
  );
  const told = (event: string): Record<string, unknown> | undefined =>
    events.find((it) => it["event"] === event);
  await until("it listens", () => told("listens") !== undefined);
  const port = Number(String(told("listens")!["listen"]).split(":")[1]);
  using client = new PlainClient(port);
  assert.equal(await client.ask(), "one for 127.0.0.1");
  await until("it tells who went where", () => told("client")?.["node"] === `127.0.0.1:${node.port}`);
  node.says = "DRAINING";
  await until("it tells that a node drains", () => told("node")?.["health"] === "draining");
  child.kill("SIGTERM");
  await until("it takes nothing new", () => told("draining") !== undefined);
  assert.equal(await client.ask(), "one for 127.0.0.1");
  child.kill("SIGTERM");
  assert.equal(await exited, 0);
  await until("the client sees its end", () => client.isClosed);
});

test("an address that is taken is told, and nothing runs", async () => {
  await using node = await PongNode.open("one");
  const words = ["--listen", `127.0.0.1:${node.port}`, "--nodes", "127.0.0.1:1"];
  const { code, stderr } = await runCli(["balancer", "builtin", ...words]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${node.port}: another process does`));
  assert.match(stderr, /--listen/);
});
