/** Processes and all below them, as Linux tells. */
import { readdirSync, readFileSync } from "node:fs";

export type TreeProcess = {
  readonly pid: number;
  /** Processor time so far, in the hundredths of a second Linux counts in. */
  readonly ticks: number;
};

export function processesUnder(roots: readonly number[]): TreeProcess[] {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The command's name, in parentheses, may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      processes.set(Number(name), {
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
    } catch {
      // It ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (roots.includes(at)) return true;
    return false;
  };
  return [...processes].filter(([pid]) => isOurs(pid)).map(([pid, { ticks }]) => ({ pid, ticks }));
}
