/** What a node and all below it take of memory, second by second. */
import { residentOf } from "../reach/resident.ts";

const EVERY_MS = 1000;

/** @returns the most of all processes, in MiB as Linux shares it out, and what the work came to. */
export async function withMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ mostMiB: number; value: T }> {
  let mostMiB = residentOf(pid).pssMiB;
  const look = (): void => void (mostMiB = Math.max(mostMiB, residentOf(pid).pssMiB));
  const timer = setInterval(look, EVERY_MS);
  try {
    const value = await work();
    look();
    return { mostMiB, value };
  } finally {
    clearInterval(timer);
  }
}
