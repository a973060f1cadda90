/** The peers that npm has: a private package of its own beside this file, which only the bench installs. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PEERS = fileURLToPath(new URL("peers/", import.meta.url));

/** @returns why they cannot be had; null when they are there. */
export function installPeers(): string | null {
  if (areThere()) return null;
  console.error("Getting the peers from npm, once …");
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
    cwd: PEERS,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return status === 0 && areThere() ? null : "npm could not get the peers";
}

export function versionOfPeer(name: string): string {
  const manifest = join(PEERS, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

function areThere(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies).every(([name, wanted]) => {
    try {
      return versionOfPeer(name) === wanted;
    } catch {
      return false;
    }
  });
}
