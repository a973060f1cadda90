/**
 * A PostgreSQL of a test's own: in its own folder, on its own port of 127.0.0.1. It ends with the test process, also when that is
 * killed: a watcher holds the other end of a pipe, and cleans up when the pipe closes.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { needs } from "../../scripts/system-programs.ts";

export type PostgresOptions = {
  /** No flushes to disk: for suites that never kill it. */
  readonly fast?: boolean;
  /** Settings of its own, over ours: `name=value`. */
  readonly config?: readonly string[];
  /** Where its folder is made. Default: where temporary folders are. */
  readonly within?: string;
};

const USER = "app";
const READY_WITHIN_MS = 30_000;
const CONFIG = [
  "listen_addresses=127.0.0.1",
  "max_connections=100",
  "shared_buffers=64MB",
  "max_wal_size=1GB",
  "checkpoint_timeout=15min",
  "client_connection_check_interval=1s",
  "timezone=UTC",
];
const FAST = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];
/** Ends whatever still runs in the folder, by the id in its pid file, and removes the folder. */
const WATCH = `cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && grep -qF "$1" "/proc/$pid/cmdline" 2>/dev/null; then
  kill -QUIT "$pid"
  n=0; while [ -d "/proc/$pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
fi
rm -rf "$1"`;

export class Postgres implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #bin: string;
  readonly #config: readonly string[];
  readonly #watcher: ChildProcess;
  #server: ChildProcess | null = null;

  constructor(folder: string, port: number, bin: string, config: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#bin = bin;
    this.#config = config;
    this.#watcher = spawn("sh", ["-c", WATCH, "watch", folder], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#watcher.unref();
    (this.#watcher.stdin as unknown as { unref(): void }).unref();
  }

  static async start(options: PostgresOptions = {}): Promise<Postgres> {
    // Its companions lie beside it, not beside a link to it.
    const bin = dirname(realpathSync(needs("postgres").path));
    const folder = newFolder(options.within);
    const config = [...CONFIG, ...(options.fast ? FAST : []), ...(options.config ?? [])];
    const postgres = new Postgres(folder, await freePort(), bin, config);
    try {
      const args = ["-D", join(folder, "data"), "-U", USER, "-A", "trust", "-E", "UTF8"];
      run(postgres.#as("initdb", [...args, "--locale=C.UTF-8", "--no-sync"]), folder);
      await postgres.start();
      return postgres;
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A server that follows this one, and takes no writes. */
  async standby(): Promise<Postgres> {
    const folder = newFolder();
    const standby = new Postgres(folder, await freePort(), this.#bin, this.#config);
    try {
      const args = ["-D", join(folder, "data"), "-h", "127.0.0.1", "-p", `${this.port}`, "-U", USER];
      run(this.#as("pg_basebackup", [...args, "-R", "-X", "stream", "-c", "fast", "--no-sync"]), folder);
      await standby.start();
      return standby;
    } catch (error) {
      await standby[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return this.urlAt(this.port);
  }

  /** The same database by another port: a proxy's. */
  urlAt(port: number): string {
    return `postgres://${USER}@127.0.0.1:${port}/postgres`;
  }

  /** Starts it, again after it was stopped or killed; resolves when it answers. */
  async start(): Promise<void> {
    const endsAt = performance.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#server === null || this.#server.exitCode !== null || this.#server.signalCode !== null) {
        this.#server = this.#spawn();
      }
      if (await this.#answers()) return;
      if (performance.now() > endsAt) throw new Error(`PostgreSQL does not start: ${this.folder}`);
      await delay(20);
    }
  }

  /** The way an administrator does it: sessions are ended, and all is flushed. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  /** The postmaster and every process of its, at once: what a loss of power leaves. */
  async kill9(): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined) return;
    const children = childrenOf(server.pid);
    await this.#end("SIGKILL");
    for (const pid of children) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It saw its postmaster go.
      }
    }
  }

  /** All of its processes stand still; its connections stay open. */
  freeze(): void {
    this.#signalAll("SIGSTOP");
  }

  thaw(): void {
    this.#signalAll("SIGCONT");
  }

  /** One session's process: PostgreSQL then restarts all of them. @returns false when there was none. */
  async kill9Backend(applicationName: string): Promise<boolean> {
    const [found] = await this.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = $1 limit 1",
      [applicationName],
    );
    if (!found) return false;
    process.kill(found.pid, "SIGKILL");
    return true;
  }

  async query<T>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = new Client({ connectionString: this.url, application_name: "test" });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as T[];
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("SIGQUIT");
    const gone = once(this.#watcher, "exit");
    this.#watcher.ref();
    this.#watcher.stdin!.end();
    await gone;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    server.kill(signal);
    await exited;
  }

  #signalAll(signal: NodeJS.Signals): void {
    const pid = this.#server?.pid;
    if (pid === undefined) return;
    // The postmaster first: it would see its children stop, and go on.
    for (const one of [pid, ...childrenOf(pid)]) process.kill(one, signal);
  }

  #spawn(): ChildProcess {
    const config = [...this.#config, `port=${this.port}`, `unix_socket_directories=${this.folder}`];
    const args = ["-D", join(this.folder, "data"), ...config.flatMap((line) => ["-c", line])];
    const [command, ...rest] = this.#as("postgres", args);
    return spawn(command!, rest, { stdio: "ignore", cwd: this.folder, detached: true });
  }

  /** PostgreSQL refuses to run as root. */
  #as(program: string, args: readonly string[]): string[] {
    const own = [join(this.#bin, program), ...args];
    if (!isRoot()) return own;
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", ...own];
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query("select 1");
      return true;
    } catch {
      return false;
    }
  }
}

/** Its owner is whom PostgreSQL runs as. */
function newFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, "tanda-postgres-"));
  if (isRoot()) {
    const id = (flag: string): number =>
      Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
    chownSync(folder, id("-u"), id("-g"));
  }
  chmodSync(folder, 0o755);
  return folder;
}

function run([command, ...args]: string[], folder: string): void {
  const { status, stderr } = spawnSync(command!, args, { encoding: "utf8", cwd: folder });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
