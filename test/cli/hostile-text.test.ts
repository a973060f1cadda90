/** Text of others at a terminal: whatever a node, a client or a handler says, it is shown and never obeyed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { visible } from "../../src/protocol/visible.ts";
import { startNode, type TandaNode } from "../../src/node/start-node.ts";
import { HOSTILE, HostileNode } from "./hostile-node.ts";
import { runCli } from "./run-cli.ts";
import { TerminalRun } from "./run-in-terminal.ts";

/** Styles of our own alone; a terminal's own carriage return before a newline. */
const STEERING = new RegExp(
  String.raw`\u001b(?!\[\d{1,2}m)|[\u0000-\u0008\u000b\u000c\u000e-\u001a\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\r*\n)|\u001b\[31mred|\u001b\[8m`,
);

describe("hazard 15: the command line before a node that tells hostile text", () => {
  let node: TandaNode;
  let hostile: HostileNode;
  let server: string;
  let task: string;
  before(async () => {
    node = await startNode({
      data: ":memory:",
      listen: ["127.0.0.1:0"],
      actions: {
        echo: { description: "Gives it back.", run: (value: unknown): unknown => value },
        talk: {
          run: async (_: unknown, { log, progress }) => {
            log("it says");
            progress("half");
            await new Promise((resolve) => setTimeout(resolve, 100));
            throw new Error("it fails");
          },
        },
      },
    });
    hostile = await HostileNode.before(node.addresses[0]!.port);
    server = `tanda://127.0.0.1:${hostile.port}`;
    const submitted = await node.client.$.submit("talk", { a: "payload" }, { key: "key", queue: "talking" });
    task = submitted.task;
    await node.client.$.get(task);
    await submitted.wait();
    await node.client.$.run("echo", "x", { queue: "other" });
    await node.client.$.pause("other");
  });
  after(async () => {
    await hostile?.[Symbol.asyncDispose]();
    await node?.stop();
  });

  /** All that came to the terminal. */
  const shown = async (args: readonly string[], input?: string): Promise<string> => {
    await using run = new TerminalRun(args, { server, columns: 200 });
    if (input !== undefined) run.type(input);
    await run.ended();
    return run.raw;
  };

  const VERBS: readonly (readonly string[])[] = [
    ["run", "echo", '"hola"'],
    ["run", "echo", '{"a":"hola","b":["x"]}'],
    ["run", "talk"],
    ["submit", "echo", '"hola"'],
    ["get", "TASK"],
    ["wait", "TASK"],
    ["explain", "TASK"],
    ["watch", "TASK"],
    ["list"],
    ["actions"],
    ["queues"],
    ["queue", "pause", "other"],
    ["workers"],
    ["nodes"],
    ["stats"],
    ["doctor"],
    ["retry", "TASK"],
    ["cancel", "TASK"],
    ["delete", "TASK"],
    ["diagram", "mermaid"],
  ];
  for (const words of VERBS) {
    test(`\`tanda ${words.join(" ")}\` shows it and obeys nothing`, async () => {
      const raw = await shown(words.map((word) => (word === "TASK" ? task : word)));
      const found = STEERING.exec(raw);
      assert.equal(found, null, `${JSON.stringify(found?.[0])} in ${JSON.stringify(raw)}`);
      assert.ok(raw.length > 10, raw);
    });
  }

  test("`tanda map` and `tanda shell` show it and obey nothing", async () => {
    const mapped = await shown(["map", "echo"], "hola\n\u0004");
    assert.ok(mapped.includes("owned") && !mapped.includes("\u001b]"), JSON.stringify(mapped));
    const typed = await shown(["shell", "--lines"], 'echo "hola"\nactions\n{"action":"talk"}\nexit\n');
    assert.ok(typed.includes("owned"), JSON.stringify(typed));
    for (const part of ["\u001b]", "\u001b[2J", "\u001b[31mred", "\u001b[8m", "\u009b", "\u202e", "\u0007"])
      assert.ok(!typed.includes(part), `${JSON.stringify(part)} in ${JSON.stringify(typed)}`);
  });

  test("a text goes to a program as it is, and JSON is the same value, with all of it escaped", async () => {
    const piped = await runCli(["run", "echo", '"hola"'], { server });
    assert.equal(piped.stdout, `hola${HOSTILE}\n`);
    const json = await runCli(["run", "echo", '"hola"', "--json"], { server });
    assert.equal((JSON.parse(json.stdout) as { result: string }).result, `hola${HOSTILE}`);
    assert.equal(visible(json.stdout), json.stdout);
    const listed = await runCli(["list", "--json"], { server });
    assert.equal(visible(listed.stdout), listed.stdout);
    const failed = await runCli(["run", "talk"], { server });
    assert.equal(visible(failed.stderr), failed.stderr);
    assert.match(failed.stderr, /it fails.*\\u001b\]0;owned/);
  });

  test("a message of several lines cannot pass for one of ours, and a table's row stays one line", async () => {
    const forged = "a\nerror: forged\nb";
    const reply = await runCli(["run", "echo", "--queue", forged], { server });
    assert.doesNotMatch(reply.stderr, /^error: forged/m);
    await node.client.$.submit("echo", 1, { key: forged });
    const listed = await runCli(["list", "--action", "echo"], {
      server: `tanda://127.0.0.1:${node.addresses[0]!.port}`,
    });
    assert.match(listed.stdout, /a\\nerror: forged\\nb/);
  });
});
