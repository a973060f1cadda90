/** HAProxy, gateways and workers as processes of their own, each as a user starts it. */
import { connect } from "node:net";
import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { DEFAULT_BALANCER } from "../../src/balancer/options.ts";
import { FleetProcesses } from "../../test/e2e/fleet.ts";
import { freePort } from "../../test/e2e/node-process.ts";
import { createHaproxy } from "../../test/services/haproxy.ts";
import type { Server } from "../server.ts";

export type Topology = Server & {
  readonly fleet: FleetProcesses;
  /** Processes of the balancer. */
  readonly balancer: readonly number[];
};

export type TopologyPlan = {
  store: string;
  queue?: string;
  workers?: number;
  threads?: number;
};

export async function startTopology(plan: TopologyPlan): Promise<Topology> {
  const { store, queue, workers = 1, threads = 2 } = plan;
  const stack = new AsyncDisposableStack();
  try {
    const fleet = stack.use(
      await FleetProcesses.start({
        store,
        ...(queue === undefined ? {} : { queue }),
        gateways: 1,
        workers,
        flags: ["--log-level", "info"],
        workerFlags: ["--threads", String(threads)],
      }),
    );
    const port = await freePort();
    const haproxy = stack.use(
      createHaproxy(
        port,
        haproxyConfig({
          ...DEFAULT_BALANCER,
          isProxy: false,
          listen: { host: "127.0.0.1", port },
          nodes: fleet.gateways.map((gateway) => ({ host: "127.0.0.1", port: gateway.port })),
        }),
      ),
    );
    await haproxy.start();
    await untilAnswered(port);
    const all = stack.move();
    const balancer = haproxy.workers;
    return {
      fleet,
      balancer,
      port,
      pid: fleet.gateways[0]!.pid,
      [Symbol.asyncDispose]: () => all.disposeAsync(),
    };
  } finally {
    await stack.disposeAsync();
  }
}

/** Its checks come every second: until one has passed it lets nobody in. */
async function untilAnswered(port: number): Promise<void> {
  for (;;) {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end("PING\n"));
      let heard = "";
      socket.on("data", (chunk) => (heard += String(chunk)));
      socket.on("error", () => {}).on("close", () => resolve(heard));
    });
    if (text.startsWith("PONG")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
