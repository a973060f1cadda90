/**
 * What one call costs a client: `node bench/client.ts [CALLS]`. The other side, in a process of its own, answers every line
 * at once, so this is the client alone: its rate, and the processor time of its process for each call.
 */
import { fork } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { connect } from "../src/client/client.ts";

const IN_FLIGHT = 1000;
const isEcho = process.argv[2] === "echo";
if (isEcho) serveEcho();
else await measure(Number(process.argv[2] ?? 300_000));

/** Takes only what it needs out of a line by position, so that it is never the slower of the two. */
function serveEcho(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      let out = "";
      for (const line of lines) {
        const id = line.slice(6, line.indexOf(",", 6));
        const at = line.indexOf('"task":"');
        out +=
          at < 0
            ? `{"id":${id},"status":"ok","data":{"node":0}}\n`
            : `{"id":${id},"task":"${line.slice(at + 8, at + 44)}","status":"done","result":{"ok":true,"data":"HOLA"}}\n`;
      }
      socket.write(out, "latin1");
    });
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
}

async function measure(calls: number): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ["echo"]);
  try {
    const port = await new Promise<number>((resolve) => child.once("message", resolve as () => void));
    await using tanda = connect(`tanda://127.0.0.1:${port}`);
    const burst = async (count: number): Promise<void> => {
      let left = count;
      const lane = async (): Promise<void> => {
        while (left-- > 0) await tanda.upper("hola");
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    };
    await burst(50_000);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    await burst(calls);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    const record = {
      bench: "client",
      calls,
      inFlight: IN_FLIGHT,
      perSecond: Math.round(calls / seconds),
      cpuMicrosPerCall: Number(((cpuSeconds / calls) * 1e6).toFixed(2)),
      perCpuSecond: Math.round(calls / cpuSeconds),
    };
    console.log(JSON.stringify(record));
  } finally {
    child.kill();
  }
}
