import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Resolves when it says "ready". It ends with this process. */
export async function startWorker(file, args = []) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args.map(String));
  await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    child.once("message", resolve);
  });
  return child;
}

/** The way its users end it, and when it is gone. */
export async function endWorkers(...workers) {
  await Promise.all(
    workers.map((worker) => {
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      worker.kill("SIGTERM");
      return exited;
    }),
  );
}
