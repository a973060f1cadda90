/** Many connections from a process of its own, and from an address of its own: `fork` it and send it a plan. */
import { connect, type Socket } from "node:net";

export type CrowdPlan = {
  readonly port: number;
  readonly address: string;
  readonly connections: number;
  /** A byte each, so often, of a line that never ends; 0: nothing is sent. */
  readonly byteEveryMs: number;
};

/** Told when all are connected, and then whenever it is asked: how many are still open. */
export type CrowdReport = { readonly open: number };

const AT_ONCE = 200;

process.once("message", (plan: CrowdPlan) => {
  void gather(plan).then((sockets) => {
    const report = (): CrowdReport => ({ open: sockets.filter(({ closed }) => !closed).length });
    process.send!(report());
    process.on("message", () => process.send!(report()));
  });
});

async function gather({ port, address, connections, byteEveryMs }: CrowdPlan): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < connections) {
    const some = Array.from({ length: Math.min(AT_ONCE, connections - sockets.length) }, () => {
      const socket = connect({ port, host: "127.0.0.1", localAddress: address, noDelay: true });
      socket.on("error", () => {});
      socket.resume();
      return socket;
    });
    await Promise.all(
      some.map(
        (socket) =>
          new Promise<void>((resolve) => socket.once("connect", resolve).once("close", () => resolve())),
      ),
    );
    sockets.push(...some);
  }
  if (byteEveryMs > 0) {
    const line = '{"id":1,"action":"upper","payload":"';
    let at = 0;
    // A part of them at a time, as they would come.
    const parts = 20;
    setInterval(() => {
      for (let n = at % parts; n < sockets.length; n += parts) {
        const socket = sockets[n]!;
        if (!socket.destroyed) socket.write(line[Math.floor(at / parts)] ?? "x");
      }
      at++;
    }, byteEveryMs / parts);
  }
  return sockets;
}
