import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { envName, NODE_FLAGS, readNodeFlags, type NodeFlag } from "../../node/flags.ts";
import { createLog, LOG_LEVELS, type LogLevel } from "../../node/log.ts";
import { DEFAULT_OPTIONS, MEMORY, ROLES, type NodeOptions } from "../../node/options.ts";
import { placeOf } from "../../node/sharing-flags.ts";
import { startNode, type TandaNode } from "../../node/start-node.ts";
import { version } from "../../node/version.ts";
import { collectSeldom, tasksDieYoung } from "../engine-flags.ts";
import { EXIT } from "../exit-code.ts";
import { watchImported } from "../imported-files.ts";
import type { Terminal } from "../terminal.ts";
import { thingsToTry } from "../things-to-try.ts";
import { UsageError, type Flags, type Verb, type VerbInput } from "../verb.ts";

/** What one needs first stands first in help. */
const FIRST: ReadonlySet<string> = new Set(["listen", "data", "actions"]);

/** Also for a node that ends without warning. */
const KEEP_COMPILED_AFTER_MS = 1000;

/** A token on the command line would be seen by all who see the processes. */
function flagsOf(isWanted: (flag: NodeFlag) => boolean): Flags {
  return Object.fromEntries(
    NODE_FLAGS.filter((flag) => flag.name !== "token" && !flag.isVariable && isWanted(flag)).map(
      ({ name, value, says, default: usual, isLimit }): [string, Flags[string]] => {
        const phrase = `${isLimit ? asPhrase(says) : says} (${usual})`;
        return [
          name,
          {
            ...(value === undefined ? {} : { value }),
            says: phrase,
            ...(isLimit ? { group: "Limits" } : {}),
          },
        ];
      },
    ),
  );
}

/** The docs have limits as sentences; flags are told in phrases. */
function asPhrase(text: string): string {
  return text
    .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
    .replaceAll("`", "")
    .replaceAll(/\. ([A-Z])/g, (_, letter: string) => `; ${letter.toLowerCase()}`)
    .replace(/\.$/, "");
}

export const verb: Verb = {
  name: "serve",
  summary: "Run a node: everything in one process tree, with nothing else to install.",
  usage: ["serve [--listen ADDR] [--data DIR] [--actions FILE]"],
  examples: [
    { command: "tanda serve", says: "the built-in actions on 127.0.0.1:9000, tasks kept in ./data" },
    {
      command: "tanda serve --actions ./actions.ts --watch",
      says: "your actions, loaded anew when the file or one it imports changes",
    },
    {
      command: "TANDA_TOKEN=$(openssl rand -hex 24) tanda serve --listen 0.0.0.0:9000",
      says: "for other machines, with a token",
    },
    { command: "tanda serve --data :memory: --threads 4", says: "keeps nothing; four threads" },
    {
      command: "tanda serve --roles worker --store postgres://db/tanda --queue amqp://mq --blobs s3://bucket",
      says: "one of many workers, for gateways with the same three addresses",
    },
  ],
  notes: [
    "Each flag may come from the environment too: --max-queued is TANDA_MAX_QUEUED.",
    "The token comes from TANDA_TOKEN, or from the file that TANDA_TOKEN_FILE names, which actions do not inherit.",
    "Ctrl+C lets running tasks end and stops; a second one ends at once. Either way nothing that was accepted is lost.",
  ],
  flags: {
    ...flagsOf(({ name }) => FIRST.has(name)),
    watch: { says: "load the actions anew when their file changes, or one it imports by a relative path" },
    "log-level": { value: "LEVEL", says: `${LOG_LEVELS.join(", ")} (info)` },
    ...flagsOf(({ name, isLimit }) => !FIRST.has(name) && !isLimit),
    ...flagsOf(({ isLimit }) => isLimit === true),
  },
  words: { min: 0, max: 0 },
  async run({ given, terminal }: VerbInput): Promise<number> {
    const level = (given.text("log-level") ?? (terminal.env[envName("log-level")] || "info")) as LogLevel;
    if (!LOG_LEVELS.includes(level))
      throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(", ")}, not ${JSON.stringify(level)}`);
    const options = readNodeFlags(
      (name) => given.text(name) ?? (given.has(name) ? "yes" : undefined),
      terminal.env,
    );
    if (given.has("watch") && typeof options.actions !== "string")
      throw new UsageError("--watch needs --actions FILE");
    // `tanda serve | head`: a log that nobody reads any more ends no node.
    terminal.stdout.removeAllListeners("error").on("error", () => {});
    const log = createLog(terminal.stdout, level);
    const signals = new Signals();
    tasksDieYoung();
    collectSeldom();
    await using node = await Promise.race([startNode({ ...options, log }), signals.next()]).then((first) => {
      if (typeof first !== "string") return first;
      // Nothing new was taken yet, and what was left behind is still in the store.
      log.info({ signal: first }, "stopped before it listened");
      process.exit(EXIT.done);
    });
    setTimeout(flushCompileCache, KEEP_COMPILED_AFTER_MS).unref();
    greet(node, terminal, options, log);
    if (options.tls && !terminal.stdout.isTTY) renewOnHangUp(node);
    const watching = given.has("watch") ? watchActions(options.actions as string, node, log) : null;
    await untilSignal(node, signals, log);
    watching?.close();
    return EXIT.done;
  },
};

/** What a closed terminal says too, so at one it ends the node, as ever. */
function renewOnHangUp(node: TandaNode): void {
  process.on("SIGHUP", () => node.renewCertificate());
}

function greet(
  node: TandaNode,
  terminal: Terminal,
  options: Partial<NodeOptions>,
  log: ReturnType<typeof createLog>,
): void {
  const listen = node.addresses.map(({ host, port }) =>
    host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
  );
  const data = options.data ?? DEFAULT_OPTIONS.data;
  const { roles = ROLES, store = null } = options;
  const where = store === null ? { data } : { roles, store: placeOf(store), node: node.engine.self.node };
  log.info({ version, listen, threads: node.threads, ...where, ...node.recovered }, "tanda listens");
  if (!terminal.stdout.isTTY) return;
  const folder = data === MEMORY ? "Nothing is kept." : `Tasks are kept in ${resolve(data)}.`;
  const kept = store === null ? folder : `Tasks are kept in ${placeOf(store)}.`;
  const doing = listen.length === 0 ? "runs tasks and listens nowhere" : `listens on ${listen.join(" and ")}`;
  terminal.say(`\n  ${terminal.style("bold", "Tanda")} ${version} ${doing}. ${kept}`);
  const address = node.addresses.find(({ proxy }) => !proxy);
  if (address) {
    const needsToken = node.needsToken;
    const lines = thingsToTry(address, needsToken).map((line) => `    ${terminal.style("cyan", line)}\n`);
    const where = needsToken ? "in another terminal, where TANDA_TOKEN is set" : "in another terminal";
    terminal.say(`  Three things to try, ${where}:\n\n${lines.join("")}`);
  }
  terminal.say("  Ctrl+C stops it: running tasks end first, and nothing that was accepted is lost.\n");
}

/** SIGINT and SIGTERM from the first moment on: one that comes while the node still starts must not be missed. */
class Signals {
  #came: string[] = [];
  #waiting: ((signal: string) => void) | null = null;

  constructor() {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => this.#take(name));
  }

  /** Of several calls only the last one waits. */
  next(): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      const came = this.#came.shift();
      if (came !== undefined) this.#take(came);
    });
  }

  #take(signal: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) waiting(signal);
    else this.#came.push(signal);
  }
}

/** The first signal drains, the second ends at once: what was accepted is in the store either way. */
async function untilSignal(
  node: TandaNode,
  signals: Signals,
  log: ReturnType<typeof createLog>,
): Promise<void> {
  const signal = await signals.next();
  void signals.next().then(() => {
    log.warn({}, "ended at once; what was accepted is kept and goes on at the next start");
    process.exit(EXIT.failed);
  });
  log.info({ signal }, "stopping: no new work, running tasks end; again ends at once");
  await node.stop();
  log.info({}, "stopped");
}

function watchActions(file: string, node: TandaNode, log: ReturnType<typeof createLog>): { close(): void } {
  const reload = (): void => {
    node.reload().then(
      () => log.info({ file }, "actions loaded anew"),
      (error: unknown) => log.error({ file, error }, "the actions do not load; the old ones go on"),
    );
  };
  return watchImported(file, reload, (error) =>
    log.warn({ file, error }, "not all files of the actions are watched"),
  );
}
