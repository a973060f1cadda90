/** A real node with real pool processes, in which trouble is made: runs tasks one after another and gives the report. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { untilIdle } from "../../src/cli/dev-requests.ts";
import type { ActionReport } from "../../src/dev/findings.ts";
import { openTrouble } from "../../src/dev/open-trouble.ts";
import type { TrialEvent } from "../../src/dev/trials.ts";
import { startNode } from "../../src/node/start-node.ts";

export const ACTIONS = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));

export type Rehearsed = {
  readonly events: readonly TrialEvent[];
  readonly results: readonly unknown[];
  readonly of: (action: string) => ActionReport;
};

type Requests = (url: string) => readonly (readonly [action: string, payload?: unknown])[];

/** One after another. @param requests of the node's own address. A task that fails gives its error in place of a result. */
export function rehearse(requests: Requests): Promise<Rehearsed> {
  return inTrouble(async (run, url) => {
    const results: unknown[] = [];
    for (const [action, payload] of requests(url)) results.push(await run(action, payload));
    return results;
  });
}

/** Tasks of one action, with payloads x0, x1 … */
export function rehearseAtOnce(action: string, tasks: number): Promise<Rehearsed> {
  return inTrouble((run) => Promise.all(Array.from({ length: tasks }, (_, n) => run(action, `x${n}`))));
}

async function inTrouble(
  work: (run: (action: string, payload: unknown) => Promise<unknown>, url: string) => Promise<unknown[]>,
): Promise<Rehearsed> {
  const events: TrialEvent[] = [];
  using trouble = openTrouble(5, (event) => void events.push(event), Date.now);
  const options = { data: ":memory:", actions: ACTIONS, listen: ["127.0.0.1:0"], threads: 2 };
  await using node = await startNode(options, trouble);
  const run = (action: string, payload: unknown): Promise<unknown> =>
    node.client.$.run(action, payload).catch((error: unknown) => error);
  const results = await work(run, `tanda://127.0.0.1:${node.addresses[0]!.port}`);
  // Also the tasks that tasks have sent.
  await untilIdle(node.client);
  await node.stop();
  const report = new Map(trouble.findings.report().map((each) => [each.action, each]));
  const of = (action: string): ActionReport => {
    const found = report.get(action);
    if (found === undefined) throw new Error(`nothing is told of ${action}`);
    return found;
  };
  return { events, results, of };
}

/** Counts what comes to it, by method, path and Idempotency-Key. */
export class CountingServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method, url, headers } = request;
      this.requests.push(`${method} ${url} ${String(headers["idempotency-key"] ?? "without")}`);
      request.resume().on("end", () => setTimeout(() => response.end("ok"), 20));
    });
  }

  static async open(): Promise<CountingServer> {
    const opened = new CountingServer();
    await new Promise<void>((resolve) => opened.#server.listen(0, "127.0.0.1", resolve));
    return opened;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
