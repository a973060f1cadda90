import { createServer } from "node:net";
import { TandaError } from "../task/errors.ts";

/** Below what the kernel gives to connections: a port found free stays so while its server is restarted. */
const FROM = 15_000;
const TO = 31_000;

export async function freePorts(count: number, random: () => number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FROM + Math.floor(random() * (TO - FROM));
    if (await isFree("127.0.0.1", port)) ports.add(port);
  }
  return [...ports];
}

export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** @throws unavailable when one is still taken after a while, naming it and whom it is for. */
export async function checkPorts(
  wanted: readonly { readonly name: string; readonly host: string; readonly port: number | null }[],
  withinMs: number,
): Promise<void> {
  const until = performance.now() + withinMs;
  for (const { name, host, port } of wanted) {
    if (port === null) continue;
    while (!(await isFree(host, port))) {
      if (performance.now() > until)
        throw new TandaError("unavailable", `port ${port}, for ${name}, is taken`, {
          hint: "Another is at work there, perhaps another Tanda. --listen 127.0.0.1:9100 takes that port and those after it.",
        });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
