/**
 * Loaded into every thread of the node that is profiled, before anything else, by NODE_OPTIONS: a pool's processes and their
 * threads have it too. It waits to be told on the bench's socket, and holds nothing open.
 */
import { Session, type Profiler } from "node:inspector/promises";
import { connect } from "node:net";
import { isMainThread, threadName } from "node:worker_threads";

export const SOCKET_VARIABLE = "TANDA_BENCH_PROFILE";
const SAMPLE_US = 500;

/** What the bench says, a line each. */
export type Order = "start" | "stop";
/** What it hears: who is there, that it samples, and in the end what it saw. */
export type Told =
  | { readonly type: "here"; readonly pid: number; readonly name: string }
  | { readonly type: "started" }
  | { readonly type: "stopped"; readonly profile: Profiler.Profile };

const path = process.env[SOCKET_VARIABLE];
if (path !== undefined) listen(path);

function listen(path: string): void {
  const socket = connect(path);
  const tell = (told: Told): void => void socket.write(`${JSON.stringify(told)}\n`);
  let session: Session | null = null;
  const obey = async (order: Order): Promise<void> => {
    if (order === "start") {
      session = new Session();
      session.connect();
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
      await session.post("Profiler.start");
      tell({ type: "started" });
    } else if (session !== null) {
      const { profile } = await session.post("Profiler.stop");
      await session.post("Profiler.disable");
      session.disconnect();
      session = null;
      tell({ type: "stopped", profile });
    }
  };
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    for (const order of text.split("\n")) if (order !== "") void obey(order as Order);
  });
  // The bench is gone: nobody wants to know any more.
  socket.on("error", () => {});
  socket.unref();
  tell({ type: "here", pid: process.pid, name: isMainThread ? "" : (threadName ?? "?") });
}
