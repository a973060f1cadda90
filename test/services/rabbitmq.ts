/**
 * A real RabbitMQ on loopback that no other can meet: own folder, epmd, cookie, names and ports. It ends with the test process.
 *
 *   await using rabbit = await startRabbitMQ();            one node;  startRabbitMQ({ nodes: 3 })  a cluster
 */
import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "amqplib";
import { freePorts } from "./free-ports.ts";
import { asUser, giveTo, GuardedProcess } from "./guarded-process.ts";

const USER = "rabbitmq";
const PASSWORD = "secret-of-this-test";
const START_MS = 60_000;
const CTL_MS = 60_000;
// Two cores are shared by all that runs: no schedulers that spin.
const ERLANG = "+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}";
/** The wrappers on the PATH would run as another user, without our environment. */
const PROGRAMS = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin";

export class RabbitMQNode {
  readonly port: number;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #process: GuardedProcess | null = null;

  constructor(folder: string, port: number, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.port = port;
    this.#env = env;
  }

  /** Resolves when it lets clients in; its queues may need a while longer to have leaders. */
  async start(): Promise<void> {
    this.#process = new GuardedProcess(program("rabbitmq-server"), [], {
      user: USER,
      env: this.#env,
      logFile: join(this.#folder, "out.log"),
    });
    const until = performance.now() + START_MS;
    while (!(await this.#letsIn())) {
      if (performance.now() > until) throw new Error(`RabbitMQ did not start: ${this.#lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async kill9(): Promise<void> {
    await this.#process?.kill();
  }

  /** It does not answer, and its connections stay open. */
  freeze(): void {
    this.#process?.signal("SIGSTOP");
  }

  thaw(): void {
    this.#process?.signal("SIGCONT");
  }

  async restart(): Promise<void> {
    await this.kill9();
    await this.start();
  }

  /** Of one that was killed: it starts with nothing, as from a new disk. */
  wipe(): void {
    rmSync(join(this.#folder, "mnesia"), { recursive: true, force: true });
  }

  async ctl(...args: string[]): Promise<string> {
    const words = [...asUser(USER), program("rabbitmqctl"), "-q", ...args];
    const limits = { env: this.#env, timeout: CTL_MS, killSignal: "SIGKILL" } as const;
    const { stdout } = await promisify(execFile)(words[0]!, words.slice(1), limits);
    return stdout;
  }

  async #letsIn(): Promise<boolean> {
    const url = `amqp://app:${PASSWORD}@127.0.0.1:${this.port}`;
    try {
      const connection = await connect(url, { timeout: 5000 });
      await connection.close();
      return true;
    } catch {
      return false;
    }
  }

  #lastWords(): string {
    return readFileSync(join(this.#folder, "out.log"), "utf8").slice(-2000);
  }
}

export class RabbitMQ implements AsyncDisposable {
  readonly nodes: readonly RabbitMQNode[];
  readonly password: string = PASSWORD;
  readonly #folder: string;
  readonly #epmd: GuardedProcess;

  constructor(folder: string, epmd: GuardedProcess, nodes: readonly RabbitMQNode[]) {
    this.#folder = folder;
    this.#epmd = epmd;
    this.nodes = nodes;
  }

  get first(): RabbitMQNode {
    return this.nodes[0]!;
  }

  /** With every node's address. */
  get url(): string {
    return this.urlAt(...this.nodes.map(({ port }) => port));
  }

  /** @param ports where clients are to connect: a proxy's, for instance. */
  urlAt(...ports: number[]): string {
    return `amqp://app:${PASSWORD}@${ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** Publishers are held up while it lasts. */
  async setDiskAlarm(isOn: boolean): Promise<void> {
    await this.first.ctl("set_disk_free_limit", isOn ? "90000GB" : "1MB");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill9()));
    await this.#epmd.kill();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export async function startRabbitMQ({ nodes: count = 1 } = {}): Promise<RabbitMQ> {
  const folder = mkdtempSync(join(tmpdir(), "tanda-rabbitmq-"));
  const [epmdPort, ...ports] = await freePorts(1 + 2 * count);
  // One cookie for the nodes and for rabbitmqctl.
  writeFileSync(join(folder, ".erlang.cookie"), "TANDATESTS", { mode: 0o400 });
  const names = Array.from({ length: count }, (_, n) => `tanda${epmdPort}n${n}@localhost`);
  const parts = names.map((name, n) => {
    const home = join(folder, `node${n}`);
    mkdirSync(join(home, "log"), { recursive: true });
    const [port, distPort] = [ports[2 * n]!, ports[2 * n + 1]!];
    writeFileSync(join(home, "rabbitmq.conf"), configuration(port, names));
    writeFileSync(join(home, "enabled_plugins"), "[].");
    writeFileSync(join(home, "advanced.config"), "[].");
    return { home, port, env: environment(folder, home, name, epmdPort!, distPort) };
  });
  giveTo(USER, folder);
  const epmd = new GuardedProcess("epmd", ["-port", String(epmdPort), "-address", "127.0.0.1"], {
    user: USER,
    env: process.env,
    logFile: join(folder, "epmd.log"),
  });
  const nodes = parts.map(({ home, port, env }) => new RabbitMQNode(home, port, env));
  const rabbit = new RabbitMQ(folder, epmd, nodes);
  try {
    await Promise.all(
      nodes.map(async (node, n) => {
        // Who comes first makes the cluster; together they may each make their own.
        await new Promise((resolve) => setTimeout(resolve, n === 0 ? 0 : 500));
        await node.start();
      }),
    );
    if (count > 1) await rabbit.first.ctl("await_online_nodes", String(count));
  } catch (error) {
    await rabbit[Symbol.asyncDispose]();
    throw error;
  }
  return rabbit;
}

function program(name: string): string {
  const folder = globSync(PROGRAMS).sort().at(-1);
  if (folder === undefined) throw new Error(`There is no ${name} in ${PROGRAMS}`);
  return join(folder, name);
}

function configuration(port: number, names: readonly string[]): string {
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    "default_user = app",
    `default_pass = ${PASSWORD}`,
    "loopback_users = none",
    "vm_memory_high_watermark.absolute = 512MB",
    "disk_free_limit.absolute = 1MB",
    "raft.wal_max_size_bytes = 67108864",
    "log.console = false",
    "heartbeat = 10",
  ];
  if (names.length > 1) {
    lines.push(
      "cluster_formation.peer_discovery_backend = classic_config",
      "cluster_formation.randomized_startup_delay_range.min = 0",
      "cluster_formation.randomized_startup_delay_range.max = 1",
      "cluster_partition_handling = pause_minority",
      ...names.map((name, n) => `cluster_formation.classic_config.nodes.${n + 1} = ${name}`),
    );
  }
  return lines.join("\n");
}

function environment(
  folder: string,
  home: string,
  name: string,
  epmdPort: number,
  distPort: number,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    LC_ALL: "C.UTF-8",
    HOME: folder,
    // Its shell hands over to it, so that a signal to the group is one to the server.
    RUNNING_UNDER_SYSTEMD: "1",
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_CONF_ENV_FILE: "/nonexistent",
    RABBITMQ_NODENAME: name,
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(home, "mnesia"),
    RABBITMQ_LOG_BASE: join(home, "log"),
    RABBITMQ_CONFIG_FILE: join(home, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(home, "advanced.config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "enabled_plugins"),
    RABBITMQ_FEATURE_FLAGS_FILE: join(home, "feature_flags"),
    RABBITMQ_GENERATED_CONFIG_DIR: join(home, "generated"),
    RABBITMQ_PID_FILE: join(home, "pid"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: ERLANG,
    RABBITMQ_CTL_ERL_ARGS: "+S 1:1 +sbwt none",
  };
}
