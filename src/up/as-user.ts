/** Servers refuse to run as root, or had better not: where we are root, they run as the user that their package made. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";

/** What to put before a command so that it runs as that user; nothing where we are not root. */
export function asUser(user: string | null): string[] {
  if (user === null || !isRoot()) return [];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
}

export function giveTo(user: string, folder: string): void {
  if (isRoot()) spawnSync("chown", ["-R", `${user}:`, folder]);
}

/** The folder that keeps that user out: it, or one above it, as /root is; null when there is none. */
export function closedTo(user: string, folder: string): string | null {
  if (canReach(user, folder)) return null;
  const above = dirname(folder);
  return (above === folder ? null : closedTo(user, above)) ?? folder;
}

/** Whether that user may go into the folder: not when one above it is closed. */
export function canReach(user: string, folder: string): boolean {
  return spawnSync("sh", ["-c", '"$@"', "as", ...asUser(user), "test", "-x", folder]).status === 0;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
