import type { Health } from "../../balancer/ask-node.ts";
import { startBuiltin, type BuiltinBalancer } from "../../balancer/builtin.ts";
import { haproxyConfig } from "../../balancer/haproxy.ts";
import { nginxConfig } from "../../balancer/nginx.ts";
import {
  BALANCER_FLAGS,
  BALANCERS,
  readBalancerFlags,
  type BalancerOptions,
} from "../../balancer/options.ts";
import { EXIT } from "../exit-code.ts";
import { listenForSignals } from "../signals.ts";
import { suggest } from "../suggest.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError, type Flags, type Verb } from "../verb.ts";

/** How long connections may go on after the first signal. */
const DRAIN_MS = 10_000;

export const verb: Verb = {
  name: "balancer",
  summary: "Prints a configuration for HAProxy or nginx in front of several nodes, or is a balancer itself.",
  usage: ["balancer haproxy|nginx|builtin --nodes ADDRS [--listen ADDR]"],
  examples: [
    {
      command:
        "tanda balancer haproxy --listen 0.0.0.0:9000 --nodes 10.0.0.1:9001,10.0.0.2:9001 > haproxy.cfg",
      says: "for `haproxy -W -f haproxy.cfg`: asks the nodes PING, and takes out who does not answer or drains",
    },
    {
      command: "tanda balancer nginx --nodes 127.0.0.1:9001,127.0.0.1:9002 --proxy off > nginx.conf",
      says: "for nginx, in front of nodes that were started without ,proxy",
    },
    {
      command: "tanda balancer builtin --nodes 127.0.0.1:9001,127.0.0.1:9002,127.0.0.1:9003",
      says: "runs here until Ctrl+C, with nothing to install",
    },
  ],
  notes: [
    "Lines, HTTP and WebSocket go through the one port. The configuration says in comments what each line is for.",
    "builtin prints a line when a node comes or goes; Ctrl+C lets connections end for 10 s, a second one ends at once.",
  ],
  flags: Object.fromEntries(
    BALANCER_FLAGS.map(({ name, value, says, kinds, default: usual }): [string, Flags[string]] => {
      const whose = kinds.length === BALANCERS.length ? "" : `${kinds.join(" and ")}: `;
      return [name, { value, says: `${whose}${says} (${usual})` }];
    }),
  ),
  words: { min: 1, max: 1 },
  async run({ words, given, terminal }) {
    const word = words[0]!;
    const kind = BALANCERS.find((known) => known === word);
    if (kind === undefined) {
      const meant = suggest(word, BALANCERS);
      const more = meant === null ? `it is ${BALANCERS.join(", ")}` : `did you mean ${meant}?`;
      throw new UsageError(`unknown balancer ${word}; ${more}`);
    }
    const options = readBalancerFlags(kind, (name) => given.text(name));
    if (kind === "builtin") return runBuiltin(options, terminal);
    const config = kind === "haproxy" ? haproxyConfig(options) : nginxConfig(options);
    if (terminal.isJson) terminal.json({ balancer: kind, config });
    else terminal.stdout.write(config);
    return EXIT.done;
  },
};

const HEALTH_TEXT: Record<Health, string> = {
  up: "is up",
  draining: "is draining",
  failing: "fails its checks",
  refused: "takes no connections",
  silent: "does not answer",
};

async function runBuiltin(options: BalancerOptions, terminal: Terminal): Promise<number> {
  const tell = (event: object, text: string): void =>
    terminal.isJson ? terminal.json(event) : terminal.say(text);
  // A log that nobody reads any more ends no balancer.
  terminal.stdout.removeAllListeners("error").on("error", () => {});
  const signals = listenForSignals(["SIGINT", "SIGTERM"]);
  await using balancer: BuiltinBalancer = await startBuiltin(options, {
    onHealth: (node, health, was) =>
      tell({ event: "node", node, health, was }, `${node} ${HEALTH_TEXT[health]}`),
    onClient: (client, node) => tell({ event: "client", client, node }, `${client} goes to ${node}`),
  });
  const { host, port } = balancer.address;
  const listen = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const nodes = balancer.nodes.map(({ node }) => node);
  tell({ event: "listens", listen, nodes }, `balancer listens on ${listen}, for ${nodes.join(", ")}`);
  await signals.next();
  tell({ event: "draining" }, "no new connections; those there may end; again ends at once");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, DRAIN_MS)));
  await Promise.race([balancer.drain(), signals.next(), late]);
  clearTimeout(timer);
  return EXIT.done;
}
