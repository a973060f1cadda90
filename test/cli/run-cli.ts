/** Runs the real command line as a child process, and a small server for it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { answer, LineServer, type Handler } from "../client/line-server.ts";

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export function runCli(
  args: readonly string[],
  more: { server?: string; input?: string | AsyncIterable<string>; env?: Record<string, string> } = {},
): Promise<Ran> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", LC_ALL: "C", ...more.env };
  if (more.server === undefined) delete env["TANDA_SERVER"];
  else env["TANDA_SERVER"] = more.server;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A verb that does not read its input may be gone before it was written.
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    const { input = "" } = more;
    if (typeof input === "string") child.stdin.end(input);
    else void feed(child.stdin, input);
  });
}

async function feed(stdin: NodeJS.WritableStream, input: AsyncIterable<string>): Promise<void> {
  for await (const text of input) {
    if (!stdin.write(text)) await new Promise((resolve) => stdin.once("drain", resolve));
  }
  stdin.end();
}

const ACTIONS = [
  {
    action: "upper",
    description: "The text in capitals.",
    queue: "default",
    priority: "normal",
    attempts: 1,
    timeoutMs: 300_000,
    isServed: true,
    input: { type: "string" },
  },
  { action: "echo", queue: "default", priority: "normal", attempts: 1, timeoutMs: 1000, isServed: false },
];

/** Answers like a small node: `upper`, `echo`, `fail`, and the ops of the tests. */
export function openServer(handler: Handler = () => false): Promise<LineServer> {
  return LineServer.tcp((message, peer) => {
    if (handler(message, peer)) return true;
    if (message.op === "actions") peer.send({ id: message.id, status: "ok", data: ACTIONS });
    else if (message.action === "echo") {
      const result = { ok: true, data: message.payload ?? null };
      if (message.options?.wait === false) answer(message, peer);
      else peer.send({ id: message.id, task: message.options?.task, status: "done", result });
    } else answer(message, peer);
    return true;
  });
}
