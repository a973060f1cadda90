/** A real node in a process of its own, with low limits. Tells its parent where it listens, what its log has that must not be there, and, asked, what it holds. */
import { setTimeout as delay } from "node:timers/promises";
import { startNode } from "../../src/index.ts";
import { LOW } from "./limits.ts";

export type Facts = {
  readonly sockets: number;
  readonly inFlight: number;
  readonly inFlightBytes: number;
  readonly timers: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
};
export type FromNode =
  | { readonly type: "listens"; readonly plain: number; readonly proxy: number }
  | { readonly type: "fault"; readonly text: string }
  | { readonly type: "facts"; readonly facts: Facts };

const tell = (message: FromNode): void => void process.send!(message);
const noteFault = (fields: object, text: string): void => {
  const error = (fields as { err?: unknown; error?: unknown }).err ?? (fields as { error?: unknown }).error;
  tell({ type: "fault", text: `${text}: ${error instanceof Error ? error.stack : JSON.stringify(fields)}` });
};
const silent = (): void => {};

const node = await startNode({
  data: process.argv[2]!,
  listen: ["127.0.0.1:0", "127.0.0.1:0,proxy"],
  limits: LOW,
  threads: 1,
  maxQueued: 1_000_000,
  log: { debug: silent, info: silent, warn: silent, error: noteFault },
});
process.on("message", (asked: "facts" | "stop") => void (asked === "facts" ? facts() : stop()));
process.on("disconnect", () => process.exit(0));
const [plain, proxy] = node.addresses;
tell({ type: "listens", plain: plain!.port, proxy: proxy!.port });

async function facts(): Promise<void> {
  // What was dropped in this turn is gone in the next.
  await delay(20);
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((one) => one === name).length;
  const { inFlight, inFlightBytes } = await node.engine.stats();
  tell({
    type: "facts",
    facts: {
      sockets: count("TCPSocketWrap"),
      timers: count("Timeout"),
      inFlight,
      inFlightBytes,
      heapBytes: heapUsed + external,
      rssBytes: rss,
    },
  });
}

async function stop(): Promise<void> {
  await node.stop();
  process.disconnect!();
}
