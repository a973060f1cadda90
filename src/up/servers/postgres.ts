/** A PostgreSQL of our own: its data in a folder of ours, on loopback, with a password that only we know. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { giveTo } from "../as-user.ts";
import { checkPort } from "../checks.ts";
import type { ProcessPlan } from "../process-plan.ts";
import { runProgram } from "./run-program.ts";

export const POSTGRES_USER = "postgres";
const ROLE = "tanda";
/** A fast stop ends sessions, and flushes. */
const STOP_WITHIN_MS = 20_000;

export type PostgresSetup = {
  readonly folder: string;
  readonly logFile: string;
  /** Path of `postgres`; `initdb` lies beside it. */
  readonly program: string;
  readonly port: number;
  readonly password: string;
  readonly env: NodeJS.ProcessEnv;
  /** More lines for its configuration. */
  readonly settings?: readonly string[];
};

export function postgresUrl({ port, password }: Pick<PostgresSetup, "port" | "password">): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/postgres`;
}

export function postgresPlan(setup: PostgresSetup): ProcessPlan {
  const { folder, logFile, program, port, env, settings = [] } = setup;
  const data = join(folder, "data");
  const lines = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    // The name of a socket's file must be short, and a folder's may be long.
    "unix_socket_directories=",
    "max_connections=200",
    "client_connection_check_interval=1s",
    "timezone=UTC",
    ...settings,
  ];
  return {
    name: "postgres",
    role: "store",
    host: "127.0.0.1",
    port,
    after: [],
    prepare: () => makeCluster(setup, data),
    command: () => ({
      program,
      args: ["-D", data, ...lines.flatMap((line) => ["-c", line])],
      env,
      user: POSTGRES_USER,
    }),
    logFile,
    check: () => checkPort("127.0.0.1", port, { send: STARTUP, expect: ASKS_FOR_PASSWORD }),
    stopSignal: "SIGINT",
    stopWithinMs: STOP_WITHIN_MS,
    // Its sessions are processes in sessions of their own: who kills it at once leaves them behind.
    endWith: "QUIT",
  };
}

/** Whole, or not at all: what was half made when somebody pulled the plug is made anew. */
async function makeCluster({ folder, program, password }: PostgresSetup, data: string): Promise<void> {
  if (existsSync(data)) return;
  const made = `${data}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chmodSync(folder, 0o700);
  giveTo(POSTGRES_USER, folder);
  const words = ["-D", made, "-U", ROLE, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8"];
  await runProgram(join(dirname(program), "initdb"), [...words, "--locale=C.UTF-8"], {
    user: POSTGRES_USER,
    cwd: folder,
  });
  rmSync(passwordFile);
  renameSync(made, data);
}

/** A session's first message; while the server still starts it is answered with an error. */
const STARTUP = startupMessage({ user: ROLE, database: "postgres" });
const ASKS_FOR_PASSWORD = /^R/;

function startupMessage(parameters: Record<string, string>): Buffer {
  const version = Buffer.from([0, 3, 0, 0]);
  const texts = Object.entries(parameters).flatMap(([name, value]) => [name, value]);
  const body = Buffer.concat([version, Buffer.from(`${texts.join("\0")}\0\0`)]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
