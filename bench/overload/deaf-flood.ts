/** Clients that read nothing, in a process of their own: of results, of lists, of all that happens. */
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { DeafPlan, DeafReport } from "./deaf-process.ts";
import { forkClients } from "./processors.ts";

const ENTRY = fileURLToPath(new URL("deaf-process.ts", import.meta.url));
const NICE = 19;
const EACH = 20;
/** Of each connection. */
const RESULTS = 600;
const PAGES = 100;
/** In a queue of their own. */
const ROWS = 2000;
const QUICK_ROWS = 200;
const ROW = "r".repeat(2000);

const payload = "p".repeat(50_000);
export const KINDS = {
  results: { connections: EACH, line: `{"action":"echo","payload":"${payload}"}\n`, times: RESULTS },
  lists: { connections: EACH, line: '{"op":"list","queue":"rows","limit":1000}\n', times: PAGES },
  events: { connections: EACH, line: '{"op":"watch"}\n', times: 1 },
} satisfies Record<string, DeafPlan["kinds"][number]>;
export type Kind = keyof typeof KINDS;

export type DeafFlood = Disposable & {
  /** How many of each kind are still there, in the order in which they were told. */
  open(): Promise<readonly number[]>;
};

/** @returns when all are connected and ask. */
export async function flood(port: number, kinds: readonly Kind[]): Promise<DeafFlood> {
  const child = forkClients(ENTRY, { nice: NICE });
  const heard = async (): Promise<DeafReport> => ((await once(child, "message")) as [DeafReport])[0];
  child.send({ port, kinds: kinds.map((kind) => KINDS[kind]) } satisfies DeafPlan);
  await heard();
  return {
    async open() {
      child.send("how many are open");
      return (await heard()).open;
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** What lists are of. */
export async function fillRows(port: number, isQuick: boolean): Promise<void> {
  const rows = isQuick ? QUICK_ROWS : ROWS;
  const socket = connect({ port, host: "127.0.0.1" });
  let done = 0;
  socket.setEncoding("latin1").on("data", (text: string) => {
    done += text.split('"status":"done"').length - 1;
  });
  socket.end(`{"action":"echo","payload":"${ROW}","options":{"queue":"rows"}}\n`.repeat(rows));
  await once(socket, "close");
  // A word may be cut in two by the read of it.
  if (done < rows * 0.9) throw new Error(`${done} of ${rows} rows were made`);
}
