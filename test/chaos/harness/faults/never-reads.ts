/** A client asks and asks, and never reads what it is answered. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const ASKS = 200;
const LEFT_WITHIN_MS = 30_000;

export const NEVER_READS: readonly Fault[] = [
  {
    name: "never-reads",
    kind: "F6",
    strike: async ({ topology, dice }) => {
      const box = dice.pick(topology.gateways);
      const socket = connect({ port: box.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.pause();
      const from = nowMs();
      const asks = Array.from({ length: ASKS }, (_, id) => `{"id":${id},"op":"actions"}\n`).join("");
      while (!socket.closed && nowMs() - from < LEFT_WITHIN_MS) {
        if (socket.writableLength < asks.length * 4) socket.write(asks);
        await delay(5);
      }
      const isLeft = socket.closed;
      const leftMs = Math.round(nowMs() - from);
      socket.destroy();
      const seen = (): string => {
        if (!isLeft) throw new Unseen(`it was kept for ${leftMs} ms`);
        return `it was left after ${leftMs} ms`;
      };
      return { what: box.name, countsFrom: nowMs(), seen };
    },
  },
];
