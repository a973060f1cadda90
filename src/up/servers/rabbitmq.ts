/** A RabbitMQ of our own that no other can meet: own folder, names, cookie and ports, a user and password that only we know. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { giveTo } from "../as-user.ts";
import { checkPort } from "../checks.ts";
import type { ProcessPlan } from "../process-plan.ts";

export const RABBITMQ_USER = "rabbitmq";
const ACCOUNT = "tanda";
const STOP_WITHIN_MS = 20_000;
// Other processes share the processors: no schedulers that spin.
const ERLANG = "+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}";
/** Erlang's name server is a helper: it lives and ends with it. */
const RUN = 'epmd -port "$1" -address 127.0.0.1 & shift; exec "$@"';

export type RabbitMQSetup = {
  readonly folder: string;
  readonly logFile: string;
  readonly program: string;
  readonly port: number;
  readonly epmdPort: number;
  readonly erlangPort: number;
  readonly password: string;
  readonly cookie: string;
  readonly env: NodeJS.ProcessEnv;
};

export function rabbitmqUrl({ port, password }: Pick<RabbitMQSetup, "port" | "password">): string {
  return `amqp://${ACCOUNT}:${password}@127.0.0.1:${port}`;
}

export function rabbitmqPlan(setup: RabbitMQSetup): ProcessPlan {
  const { logFile, program, port, epmdPort } = setup;
  // Whoever greets it and leaves has a line in its log: once is enough.
  let hasGreeted = false;
  return {
    name: "rabbitmq",
    role: "queue",
    host: "127.0.0.1",
    port,
    after: [],
    prepare: async () => {
      hasGreeted = false;
      write(setup);
    },
    command: () => ({
      program: "sh",
      args: ["-c", RUN, "rabbitmq", String(epmdPort), program],
      env: environment(setup),
      user: RABBITMQ_USER,
    }),
    logFile,
    check: async () => {
      if (hasGreeted) return checkPort("127.0.0.1", port);
      const health = await checkPort("127.0.0.1", port, { send: PROTOCOL_HEADER, expect: STARTS });
      hasGreeted = health.isReady;
      return health;
    },
    stopSignal: "SIGTERM",
    stopWithinMs: STOP_WITHIN_MS,
  };
}

/** What AMQP begins with, and a frame of the kind that answers it: connection.start. */
const PROTOCOL_HEADER = Buffer.from("AMQP\0\0\x09\x01", "latin1");
const STARTS = /^[^]\0\0[^]{4}\0\n\0\n/;

function write({ folder, port, password, cookie }: RabbitMQSetup): void {
  mkdirSync(join(folder, "log"), { recursive: true });
  const cookieFile = join(folder, ".erlang.cookie");
  if (existsSync(cookieFile)) rmSync(cookieFile);
  writeFileSync(cookieFile, cookie, { mode: 0o400 });
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `default_user = ${ACCOUNT}`,
    `default_pass = ${password}`,
    "loopback_users = none",
    "vm_memory_high_watermark.absolute = 512MB",
    "raft.wal_max_size_bytes = 67108864",
    "log.console = true",
    "log.file = false",
  ];
  writeFileSync(join(folder, "rabbitmq.conf"), `${lines.join("\n")}\n`, { mode: 0o600 });
  writeFileSync(join(folder, "enabled_plugins"), "[].");
  writeFileSync(join(folder, "advanced.config"), "[].");
  giveTo(RABBITMQ_USER, folder);
}

function environment({ folder, env, epmdPort, erlangPort }: RabbitMQSetup): NodeJS.ProcessEnv {
  return {
    PATH: env["PATH"],
    LC_ALL: "C.UTF-8",
    HOME: folder,
    // Its shell hands over to it, so that a signal to the process is one to the server.
    RUNNING_UNDER_SYSTEMD: "1",
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_CONF_ENV_FILE: "/nonexistent",
    // Its data belong to this name.
    RABBITMQ_NODENAME: "tanda@localhost",
    RABBITMQ_DIST_PORT: String(erlangPort),
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced.config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, "feature_flags"),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, "generated"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: ERLANG,
  };
}
