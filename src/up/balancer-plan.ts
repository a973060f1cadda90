/** The balancer before a topology: HAProxy or nginx with a configuration of ours, or the built-in one. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { haproxyConfig } from "../balancer/haproxy.ts";
import { nginxConfig } from "../balancer/nginx.ts";
import {
  DEFAULT_BALANCER,
  type BalancerKind,
  type BalancerOptions,
  type Place,
} from "../balancer/options.ts";
import { formatAddress } from "../gateway/listen.ts";
import { canReach, giveTo } from "./as-user.ts";
import { checkPort } from "./checks.ts";
import type { Command, Health, ProcessPlan } from "./process-plan.ts";
import { findProgram, findPrograms, type ProgramName } from "./programs.ts";

export type BalancerSetup = {
  readonly folder: string;
  readonly tanda: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

/** For what is left after the nodes have gone. */
const STOP_WITHIN_MS = 15_000;
const SPARED_LOOKS = 9;
const READY: Health = { isReady: true, figures: null };
const USERS = { haproxy: "haproxy", nginx: "www-data" } as const;
/** Each lets go of its listeners and waits for connections to end. */
const SIGNALS = { haproxy: "SIGUSR1", nginx: "SIGQUIT", builtin: "SIGTERM" } as const;

/** The best of those that are on this machine. */
export function chooseBalancer(env: NodeJS.ProcessEnv): BalancerKind {
  const names = ["haproxy", "nginx"] as const satisfies readonly (BalancerKind & ProgramName)[];
  return names.find((name) => findProgram(name, env["PATH"] ?? "") !== null) ?? "builtin";
}

/** @throws unavailable when it is not on this machine, with the command that installs it. */
export function balancerPlan(
  kind: BalancerKind,
  listen: Place,
  nodes: readonly { readonly name: string; readonly port: number }[],
  setup: BalancerSetup,
): ProcessPlan {
  const places = nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  // All on one machine: a header that told them where a client is would keep everybody else from talking to them.
  const options: BalancerOptions = { ...DEFAULT_BALANCER, listen, nodes: places, isProxy: false };
  const looks = new SeldomLooks(() => checkPort(hereOf(listen.host), listen.port));
  const { prepare, command } =
    kind === "builtin" ? builtin(options, setup) : configured(kind, options, setup);
  return {
    name: kind === "builtin" ? "balancer" : kind,
    role: "balancer",
    host: listen.host,
    port: listen.port,
    after: nodes.map(({ name }) => name),
    prepare: async () => {
      looks.begin();
      await prepare?.();
    },
    command,
    logFile: join(setup.folder, `${kind === "builtin" ? "balancer" : kind}.log`),
    check: () => looks.check(),
    stopSignal: SIGNALS[kind],
    stopWithinMs: STOP_WITHIN_MS,
  };
}

type Run = { readonly prepare?: () => Promise<void>; readonly command: () => Command };

function builtin({ listen, nodes }: BalancerOptions, { tanda, env }: BalancerSetup): Run {
  const words = ["--listen", formatAddress(listen), "--nodes", nodes.map(formatAddress).join(",")];
  const args = [...tanda.slice(1), "balancer", "builtin", ...words, "--proxy", "off"];
  return { command: () => ({ program: tanda[0]!, args, env, user: null }) };
}

function configured(
  kind: "haproxy" | "nginx",
  options: BalancerOptions,
  { folder, env }: BalancerSetup,
): Run {
  const program = findPrograms([kind], env["PATH"] ?? "").get(kind)!;
  const home = join(folder, kind);
  const file = join(home, `${kind}.conf`);
  const nginxWords = ["-p", home, "-e", "stderr", "-c", file];
  const nginxMore = `daemon off; pid ${join(home, "pid")}; error_log stderr info;`;
  return {
    prepare: async () => {
      mkdirSync(join(home, "logs"), { recursive: true });
      chmodSync(home, 0o755);
      writeFileSync(file, kind === "haproxy" ? haproxyConfig(options) : nginxConfig(options));
      giveTo(USERS[kind], home);
    },
    command: () => ({
      program,
      // -W: a master that can reload, and its workers.
      args: kind === "haproxy" ? ["-W", "-f", file] : [...nginxWords, "-g", nginxMore],
      env,
      // Where a folder above ours is closed, as /root is, it could not read its configuration.
      user: options.listen.port >= 1024 && canReach(USERS[kind], home) ? USERS[kind] : null,
    }),
  };
}

/** Each look is a client for it, and for a node behind it: once it is ready, one in ten is enough. */
class SeldomLooks {
  readonly #look: () => Promise<Health>;
  #spared = 0;

  constructor(look: () => Promise<Health>) {
    this.#look = look;
  }

  /** It is another now. */
  begin(): void {
    this.#spared = 0;
  }

  async check(): Promise<Health> {
    if (this.#spared-- > 0) return READY;
    const health = await this.#look();
    this.#spared = health.isReady ? SPARED_LOOKS : 0;
    return health;
  }
}

/** How we reach what listens on all addresses. */
function hereOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
