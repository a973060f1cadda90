/** Connections that send what they are told and read nothing: `fork` it and send it a plan, and ask it later how many are open. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export type DeafPlan = {
  readonly port: number;
  /** Of each kind: how many connections, what each sends and how often. */
  readonly kinds: readonly { readonly connections: number; readonly line: string; readonly times: number }[];
};

/** By kind, in the order of the plan. */
export type DeafReport = { readonly open: readonly number[] };

const NOTICED_WITHIN_MS = 500;

process.once("message", (plan: DeafPlan) => {
  void begin(plan).then((kinds) => {
    process.send!({ open: [] } satisfies DeafReport);
    process.on("message", () => void report(kinds));
  });
});

async function begin({ port, kinds }: DeafPlan): Promise<Socket[][]> {
  return Promise.all(
    kinds.map(({ connections, line, times }) => {
      // Written many times from one memory: hundreds of MB of its own would keep the machine busy, and not the node.
      const bytes = Buffer.from(line);
      return Promise.all(
        Array.from({ length: connections }, async () => {
          const socket = connect({ port, host: "127.0.0.1" });
          await once(socket, "connect");
          socket.on("error", () => {}).pause();
          for (let sent = 0; sent < times; sent++) socket.write(bytes);
          return socket;
        }),
      );
    }),
  );
}

async function report(kinds: readonly Socket[][]): Promise<void> {
  // Who is gone is noticed by who writes: the first time he is told so, the second time he hears it.
  for (let times = 0; times < 2; times++) {
    for (const socket of kinds.flat()) socket.write("\n");
    await delay(NOTICED_WITHIN_MS);
  }
  const open = kinds.map((sockets) => sockets.filter(({ destroyed }) => !destroyed).length);
  process.send!({ open } satisfies DeafReport);
}
