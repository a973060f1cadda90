/**
 * A real nginx of our own, from a configuration's text.
 *
 *   await using nginx = createNginx(port, config);  await nginx.start();
 */
import { needs } from "../../scripts/system-programs.ts";
import { ConfigServer } from "./config-server.ts";

export const found = needs("nginx");

export function createNginx(port: number, config: string): ConfigServer {
  return new ConfigServer(
    {
      program: found.path,
      user: "www-data",
      reloadSignal: "SIGHUP",
      runs: (folder, file, pidFile) => [
        ...words(folder, file),
        "-g",
        `daemon off; pid ${pidFile}; error_log stderr info;`,
      ],
      checks: (folder, file) => [...words(folder, file), "-g", `pid ${folder}/check.pid;`, "-t"],
    },
    port,
    config,
  );
}

function words(folder: string, file: string): string[] {
  return ["-p", folder, "-e", "stderr", "-c", file];
}
