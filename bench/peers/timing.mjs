import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Per second, since `begin` (performance.now). */
export function rate(count, begin) {
  return (count / (performance.now() - begin)) * 1000;
}

/** Resolves when it says that it is ready. It ends with this process, by its input. */
export async function startWorker(file, args) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    child.stdout.on("data", (text) => String(text).includes("READY") && resolve());
  });
  return child;
}
