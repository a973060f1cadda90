import { watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { envName, NODE_FLAGS, readNodeFlags } from "../../node/flags.ts";
import { createLog, LOG_LEVELS, type LogLevel } from "../../node/log.ts";
import { startNode, type TandaNode } from "../../node/start-node.ts";
import { version } from "../../node/version.ts";
import { EXIT } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError, type Flags, type Verb, type VerbInput } from "../verb.ts";

const RELOAD_AFTER_MS = 100;

export const verb: Verb = {
  name: "serve",
  summary: "Run a node: everything in one process tree, with nothing else to install.",
  usage: ["serve [--listen ADDR] [--data DIR] [--actions FILE]"],
  examples: [
    { command: "tanda serve", says: "the built-in actions on 127.0.0.1:9000, tasks kept in ./data" },
    {
      command: "tanda serve --actions ./actions.ts --watch",
      says: "your actions, loaded anew when the file changes",
    },
    {
      command: "TANDA_TOKEN=$(openssl rand -hex 24) tanda serve --listen 0.0.0.0:9000",
      says: "for other machines, with a token",
    },
    { command: "tanda serve --data :memory: --threads 4", says: "keeps nothing; four threads" },
  ],
  notes: [
    "Each flag may come from the environment too: --max-queued is TANDA_MAX_QUEUED.",
    "Ctrl+C lets running tasks end and stops; a second one ends at once. Either way nothing that was accepted is lost.",
  ],
  flags: {
    watch: { says: "load the actions anew when their file changes" },
    "log-level": { value: "LEVEL", says: `${LOG_LEVELS.join(", ")} (info)` },
    ...Object.fromEntries(
      NODE_FLAGS.filter(({ name }) => name !== "token").map(
        ({ name, value, says, default: usual }): [string, Flags[string]] => [
          name,
          { value, says: `${says} (${usual})` },
        ],
      ),
    ),
  },
  words: { min: 0, max: 0 },
  async run({ given, terminal }: VerbInput): Promise<number> {
    const level = (given.text("log-level") ?? terminal.env[envName("log-level")] ?? "info") as LogLevel;
    if (!LOG_LEVELS.includes(level)) throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(", ")}`);
    const options = readNodeFlags((name) => given.text(name), terminal.env);
    if (given.has("watch") && typeof options.actions !== "string")
      throw new UsageError("--watch needs --actions FILE");
    const log = createLog(terminal.stdout, level);
    await using node = await startNode({ ...options, log });
    greet(node, terminal, options.data ?? "data", log);
    const watching = given.has("watch") ? watchActions(options.actions as string, node, log) : null;
    await untilSignal(node, log);
    watching?.close();
    return EXIT.done;
  },
};

function greet(node: TandaNode, terminal: Terminal, data: string, log: ReturnType<typeof createLog>): void {
  const listen = node.addresses.map(({ host, port }) =>
    host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
  );
  log.info(
    { version, listen, pid: process.pid, threads: node.threads, data, ...node.recovered },
    "tanda listens",
  );
  const [first] = node.addresses;
  if (!terminal.stdout.isTTY || !first) return;
  const host = first.host === "127.0.0.1" ? "localhost" : first.host;
  const at = `${host} ${first.port}`;
  terminal.say(`
  ${terminal.style("bold", "Tanda")} ${version} listens on ${listen.join(" and ")}. Tasks are kept in ${resolve(data)}.
  Three things to try, in another terminal:

    ${terminal.style("cyan", `echo upper hola | nc -N ${at}`)}
    ${terminal.style("cyan", `curl 'http://${host}:${first.port}/v1/tasks?wait' --json '{"action":"upper","payload":"hola"}'`)}
    ${terminal.style("cyan", "npx tanda run fib 30")}

  Ctrl+C stops it: running tasks end first, and nothing that was accepted is lost.
`);
}

/** The first signal drains, the second ends at once: what was accepted is in the store either way. */
async function untilSignal(node: TandaNode, log: ReturnType<typeof createLog>): Promise<void> {
  const signal = await new Promise<string>((done) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => done(name));
  });
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      log.warn({}, "ended at once; what was accepted is kept and goes on at the next start");
      process.exit(1);
    });
  }
  log.info({ signal }, "stopping: no new work, running tasks end; again ends at once");
  await node.stop();
  log.info({}, "stopped");
}

/** Editors save by renaming, so the folder is watched and not the file. */
function watchActions(file: string, node: TandaNode, log: ReturnType<typeof createLog>): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const reload = (): void => {
    node.reload().then(
      () => log.info({ file }, "actions loaded anew"),
      (error: unknown) => log.error({ file, error }, "the actions do not load; the old ones go on"),
    );
  };
  return watch(dirname(resolve(file)), (_event, name) => {
    if (name !== null && name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(reload, RELOAD_AFTER_MS);
  });
}
