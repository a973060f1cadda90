/**
 * Programs that tests need and npm does not bring: where each is, and Debian's package that has it.
 *
 *   const chromium = needs("chromium");                     in a test file: what it is skipped for, when it cannot be had
 *   describe("…", { skip: chromium.skip }, …)
 *
 * `npm test` reads those words and, as root on Debian, installs what is missing before any test runs: apt has one lock, and its
 * minutes are no test's. By hand: npx node scripts/system-programs.ts chromium
 */
import { spawnSync, type StdioOptions } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

type Program = {
  /** Debian's name of the package, or of several with spaces between. */
  readonly debian: string;
  /** Where else it may be than on the PATH: /usr/sbin, or a glob. */
  readonly folders?: readonly string[];
  /** A file without which it is of no use: a part that Debian has in a package of its own. */
  readonly part?: string;
};

const PROGRAMS: ReadonlyMap<string, Program> = new Map([
  ["chromium", { debian: "chromium" }],
  ["ceph-mon", { debian: "ceph-mon" }],
  ["ceph-osd", { debian: "ceph-osd" }],
  ["radosgw", { debian: "radosgw" }],
  ["curl", { debian: "curl" }],
  ["faketime", { debian: "faketime", part: "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1" }],
  ["haproxy", { debian: "haproxy", folders: ["/usr/sbin"] }],
  ["nc", { debian: "netcat-openbsd" }],
  [
    "nginx",
    {
      debian: "nginx libnginx-mod-stream",
      folders: ["/usr/sbin"],
      part: "/usr/lib/nginx/modules/ngx_stream_module.so",
    },
  ],
  ["openssl", { debian: "openssl" }],
  ["postgres", { debian: "postgresql", folders: ["/usr/lib/postgresql/*/bin"] }],
  ["psql", { debian: "postgresql-client", folders: ["/usr/lib/postgresql/*/bin"] }],
  ["python3", { debian: "python3" }],
  ["rabbitmq-server", { debian: "rabbitmq-server" }],
  ["sqlite3", { debian: "sqlite3" }],
  ["redis-server", { debian: "redis-server" }],
  ["systemd-analyze", { debian: "systemd" }],
  ["wrk", { debian: "wrk" }],
]);

/** While this says no, a package that is being installed starts no daemon: tests start servers of their own. */
const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_TEXT = "#!/bin/sh\n# For the programs of Tanda's tests.\nexit 101\n";

/** Held while one installs, so that another finds the work done. Freed by the kernel when its holder dies. */
const LOCK = "/run/tanda-system-programs.lock";
/** Another apt may be at work, or a mirror may be out of breath. */
const TRIES = 4;
const REST_MS = 5000;
const NO_QUESTIONS: StdioOptions = ["ignore", "inherit", "inherit"];
const SELF = fileURLToPath(import.meta.url);

export type Found = {
  /** "" when it cannot be had. */
  readonly path: string;
  /** What a test that needs it is skipped for; false when it is there. */
  readonly skip: string | false;
};

/** An environment variable (CHROMIUM for chromium) may name the file to use; then no other will do. */
export function needs(name: string): Found {
  const program = programOf(name);
  const variable = variableOf(name);
  const told = process.env[variable];
  if (told) {
    return isProgram(told)
      ? { path: told, skip: false }
      : { path: "", skip: `${variable} names ${told}, which is no program` };
  }
  const path = find(name, program);
  if (path !== null) return { path, skip: false };
  const advice = `apt-get install ${program.debian}, or name one in ${variable}`;
  return { path: "", skip: `${name} is not on this machine (${advice})` };
}

/** @returns the programs that these test files say they need. */
export function neededBy(files: readonly string[]): string[] {
  const names = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\bneeds\("([^"]+)"\)/g)].map((match) => match[1]!),
  );
  return [...new Set(names)];
}

/** Gets what is missing, where that is possible; says so where it is not, and leaves it to the tests to be skipped. */
export function installPrograms(names: readonly string[]): void {
  const missing = missingOf(names);
  if (missing.length === 0) return;
  const why = whyNot();
  if (why !== null) {
    console.error(`Missing: ${missing.join(", ")}. Not installed: ${why}.`);
    return;
  }
  console.log(`Getting ${missing.join(", ")} from Debian's packages, once …`);
  const args = [LOCK, process.execPath, SELF, "--locked", ...missing];
  const { status } = spawnSync("flock", args, { stdio: NO_QUESTIONS });
  if (status !== 0) console.error(`That failed; the lines above say why.`);
}

/** Under the lock. @returns whether all is there. */
function installNow(names: readonly string[]): boolean {
  const packages = missingOf(names).flatMap((name) => programOf(name).debian.split(" "));
  if (packages.length === 0) return true;
  return (
    aptGet("update", "-qq") &&
    withoutDaemons(() => aptGet("install", "-y", "-qq", "--no-install-recommends", ...packages)) &&
    missingOf(names).length === 0
  );
}

/** A policy of the machine's own stays as it is; ours, left behind by one who was killed, goes. */
function withoutDaemons(install: () => boolean): boolean {
  const isOurs = !existsSync(POLICY) || readFileSync(POLICY, "utf8") === POLICY_TEXT;
  if (!isOurs) return install();
  writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (let left = TRIES; left > 0; left--) {
    if (left < TRIES) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REST_MS);
    const command = ["-o", "DPkg::Lock::Timeout=300", ...args];
    if (spawnSync("apt-get", command, { stdio: NO_QUESTIONS, env }).status === 0) return true;
  }
  return false;
}

function whyNot(): string | null {
  if (locate("apt-get") === null || locate("flock") === null) return "this is no Debian";
  return process.getuid?.() === 0 ? null : "only root may";
}

function missingOf(names: readonly string[]): string[] {
  return names.filter((name) => !process.env[variableOf(name)] && find(name, programOf(name)) === null);
}

function programOf(name: string): Program {
  const program = PROGRAMS.get(name);
  if (!program) throw new Error(`No program ${name} in scripts/system-programs.ts`);
  return program;
}

function variableOf(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

function find(name: string, program: Program): string | null {
  if (program.part !== undefined && !existsSync(program.part)) return null;
  return locate(
    name,
    (program.folders ?? []).flatMap((folder) => globSync(folder)),
  );
}

function locate(name: string, moreFolders: readonly string[] = []): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...moreFolders];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

if (process.argv[1] === SELF) {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "--locked") process.exitCode = installNow(rest) ? 0 : 1;
  else {
    const names = process.argv.slice(2);
    installPrograms(names);
    process.exitCode = missingOf(names).length === 0 ? 0 : 1;
  }
}
