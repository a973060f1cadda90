import { connect } from "node:net";
import type { Place } from "./options.ts";
import { LOCAL_HEADER } from "./proxy-v2.ts";

/**
 * What a node says to PING. `refused`: nobody listens, so it is gone or about to be, and connections that are there tell for themselves.
 * `silent`: it takes connections, or the network swallows them, and no answer comes: it hangs.
 */
export type Health = "up" | "draining" | "failing" | "refused" | "silent";

const LONGEST_ANSWER = 1024;

/** Never rejects. `onAborted` ends it early, as `refused`. */
export function askNode(
  node: Place,
  isProxy: boolean,
  withinMs: number,
  onAborted: AbortSignal,
): Promise<Health> {
  return new Promise((resolve) => {
    const socket = connect(node);
    let said = "";
    const settle = (health: Health): void => {
      clearTimeout(timer);
      onAborted.removeEventListener("abort", abort);
      resolve(health);
      socket.destroy();
    };
    const abort = (): void => settle("refused");
    const timer = setTimeout(() => settle("silent"), withinMs);
    onAborted.addEventListener("abort", abort);
    socket.on("connect", () => {
      if (isProxy) socket.write(LOCAL_HEADER);
      socket.write("PING\n");
    });
    socket.setEncoding("latin1").on("data", (text: string) => {
      said += text;
      if (!said.includes("\n") && said.length < LONGEST_ANSWER) return;
      const [line] = said.split(/\r?\n/, 1);
      settle(line === "PONG" ? "up" : line === "DRAINING" ? "draining" : "failing");
    });
    socket.on("error", () => settle("refused"));
    socket.on("end", () => settle("refused"));
    if (onAborted.aborted) abort();
  });
}
