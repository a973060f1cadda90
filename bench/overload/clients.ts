/** Clients in a process of their own, so that who measures is not held up by who floods. */
import { fork } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { LoadPlan, LoadReport } from "./load-plan.ts";

const ENTRY = fileURLToPath(new URL("load-process.ts", import.meta.url));

export async function runClients(plan: LoadPlan, nice = 0): Promise<LoadReport> {
  const child = fork(ENTRY, { serialization: "advanced" });
  try {
    if (nice > 0) setPriority(child.pid!, nice);
    return await new Promise<LoadReport>((resolve, reject) => {
      child.once("message", (report) => resolve(report as LoadReport));
      child.once("exit", (code) => reject(new Error(`clients ended with ${code} before their report`)));
      child.send(plan);
    });
  } finally {
    child.kill("SIGKILL");
  }
}
