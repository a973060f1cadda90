/**
 * A real HAProxy of our own, from a configuration's text.
 *
 *   await using haproxy = createHaproxy(port, config);  await haproxy.start();
 */
import { needs } from "../../scripts/system-programs.ts";
import { ConfigServer } from "./config-server.ts";

export const found = needs("haproxy");

export function createHaproxy(port: number, config: string): ConfigServer {
  return new ConfigServer(
    {
      program: found.path,
      user: "haproxy",
      reloadSignal: "SIGUSR2",
      // -W: a master that can reload, and its workers.
      runs: (_folder, file, pidFile) => ["-W", "-p", pidFile, "-f", file],
      checks: (_folder, file) => ["-c", "-f", file],
    },
    port,
    config,
  );
}
