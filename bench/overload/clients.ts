/** Clients in a process of their own. */
import { fileURLToPath } from "node:url";
import type { LoadPlan, LoadReport } from "./load-plan.ts";
import { forkClients, type ClientOptions } from "./processors.ts";

const ENTRY = fileURLToPath(new URL("load-process.ts", import.meta.url));

export async function runClients(plan: LoadPlan, options: ClientOptions = {}): Promise<LoadReport> {
  const child = forkClients(ENTRY, options);
  try {
    return await new Promise<LoadReport>((resolve, reject) => {
      child.once("message", (report) => resolve(report as LoadReport));
      child.once("exit", (code) => reject(new Error(`clients ended with ${code} before their report`)));
      child.send(plan);
    });
  } finally {
    child.kill("SIGKILL");
  }
}
