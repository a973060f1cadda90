import { availableParallelism } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runUp } from "../../up/run-up.ts";
import { readTopology, TOPOLOGY_FLAGS } from "../../up/topology.ts";
import { EXIT } from "../exit-code.ts";
import { listenForSignals } from "../signals.ts";
import { suggest } from "../suggest.ts";
import { UsageError, type Flags, type Verb } from "../verb.ts";

/** Flags of `serve` that all processes are given. */
const PASSED_ON = {
  actions: { value: "FILE", says: "module with the actions, for all of them (the built-in ones)" },
  threads: { value: "N", says: "threads for actions, of each process (the processors, shared out)" },
} as const satisfies Flags;

export const verb: Verb = {
  name: "up",
  summary: "Runs a whole topology on this machine, and shows it live.",
  usage: ["up [--nodes N]", "up [--gateways N] [--workers N] --store URL [--queue URL] [--blobs URL]"],
  examples: [
    { command: "tanda up", says: "three nodes with a file each, behind a balancer on 127.0.0.1:9000" },
    {
      command: "tanda up --nodes 2 --balancer builtin --actions ./actions.ts",
      says: "two nodes with actions of yours, and nothing else to install",
    },
    {
      command: "tanda up full",
      says: "RabbitMQ, PostgreSQL, S3 when Ceph is installed, HAProxy, two gateways and two workers",
    },
    {
      command: "tanda up --workers 4 --queue amqp://app@mq --store postgres://app@db/app",
      says: "gateways and workers that share servers which are there already",
    },
  ],
  notes: [
    "A process that dies is started again, after a second, two, four … up to thirty. Ctrl+C stops in order: nobody new comes in, what runs ends; a second one ends at once. Nothing is left running, also when `up` itself is killed.",
    "What a node is told by a variable (TANDA_MAX_QUEUED …) all of them are told. Passwords belong into TANDA_QUEUE, TANDA_STORE and TANDA_TOKEN: command lines are seen by all who see the processes.",
    "With --json a line for each change: state, tasks, ready, draining, stopped.",
  ],
  flags: {
    ...Object.fromEntries(TOPOLOGY_FLAGS.map(({ name, value, says }) => [name, { value, says }])),
    data: { value: "DIR", says: "folder in which each process has one of its own (data/up)" },
    ...PASSED_ON,
  },
  words: { min: 0, max: 1 },
  async run({ words, given, terminal }) {
    const [word] = words;
    if (word !== undefined && word !== "full") {
      const meant = suggest(word, ["full"]);
      throw new UsageError(
        `unknown: up ${word}; ${meant === null ? "it is up, or up full" : "did you mean up full?"}`,
      );
    }
    const text = (name: string): string | undefined => given.text(name);
    const env = envForNodes(terminal.env, given.text("token"));
    const token = given.text("token") ?? (terminal.env["TANDA_TOKEN"] || null);
    const topology = readTopology(word === "full", text, token !== null, env);
    const flags = Object.keys(PASSED_ON).flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [`--${name}`, name === "actions" ? resolve(value) : value];
    });
    // A log that nobody reads any more ends no topology.
    terminal.stdout.removeAllListeners("error").on("error", () => {});
    const signals = listenForSignals(["SIGINT", "SIGTERM", "SIGHUP"]);
    const wentWell = await runUp({
      topology,
      setup: {
        folder: resolve(text("data") ?? join("data", "up")),
        tanda: [process.execPath, ...process.execArgv, ownMain()],
        env,
        token,
        processors: availableParallelism(),
        flags,
      },
      output: {
        write: (out) => void terminal.stdout.write(out),
        size: () =>
          terminal.columns === null ? null : { columns: terminal.columns, rows: terminal.stdout.rows },
        isJson: terminal.isJson,
        paint: (style, out) => terminal.paint(style, out),
      },
      nextSignal: () => signals.next(),
      now: () => Date.now(),
    });
    return wentWell ? EXIT.done : EXIT.failed;
  },
};

/** A token that came from a file they read there themselves; one from our command line does not go into theirs. */
function envForNodes(env: NodeJS.ProcessEnv, token: string | undefined): NodeJS.ProcessEnv {
  const { TANDA_TOKEN: ofEnv, TANDA_TOKEN_FILE: file, ...rest } = env;
  if (token !== undefined) return { ...rest, TANDA_TOKEN: token };
  if (file) return { ...rest, TANDA_TOKEN_FILE: file };
  return ofEnv === undefined ? rest : { ...rest, TANDA_TOKEN: ofEnv };
}

/** Not what we were started by: that may be a wrapper, which looks for a Node each time. */
function ownMain(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(dirname(here)), `main${extname(here)}`);
}
