/** Programs that a topology may need and that are not ours: where each is, and the command that installs it. */
import { accessSync, constants, existsSync, globSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { TandaError } from "../task/errors.ts";

export type Program = {
  /** Debian's name of the package, or of several with spaces between. */
  readonly debian: string;
  /** Where else it may be than on the PATH: /usr/sbin, or a glob. Of several the last is taken. */
  readonly folders?: readonly string[];
  /** The file on the PATH may be a wrapper that is of no use here. */
  readonly isOnlyInFolders?: true;
  /** A file without which it is of no use: a part that Debian has in a package of its own. */
  readonly part?: string;
};

const PROGRAMS = {
  haproxy: { debian: "haproxy", folders: ["/usr/sbin", "/usr/local/sbin"] },
  nginx: {
    debian: "nginx libnginx-mod-stream",
    folders: ["/usr/sbin", "/usr/local/sbin"],
    part: "/usr/lib/nginx/modules/ngx_stream_module.so",
  },
  postgres: { debian: "postgresql", folders: ["/usr/lib/postgresql/*/bin"] },
  // Those on the PATH would run it as another user, without our environment.
  "rabbitmq-server": {
    debian: "rabbitmq-server",
    folders: ["/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"],
    isOnlyInFolders: true,
  },
  epmd: { debian: "erlang-base" },
  "ceph-mon": { debian: "ceph-mon" },
  "ceph-osd": { debian: "ceph-osd" },
  radosgw: { debian: "radosgw" },
} as const satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof PROGRAMS;

/** @returns its path; null when it is not on this machine. */
export function findProgram(name: ProgramName, path: string): string | null {
  const { folders = [], part, isOnlyInFolders }: Program = PROGRAMS[name];
  if (part !== undefined && !existsSync(part)) return null;
  const more = folders.flatMap((folder) => globSync(folder).sort().toReversed());
  const all = isOnlyInFolders === true ? more : [...path.split(delimiter), ...more];
  return all.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

/** @throws unavailable, naming all that are missing and the one command that installs them. */
export function findPrograms(names: readonly ProgramName[], path: string): ReadonlyMap<ProgramName, string> {
  const found = new Map<ProgramName, string>();
  const missing: ProgramName[] = [];
  for (const name of names) {
    const file = findProgram(name, path);
    if (file === null) missing.push(name);
    else found.set(name, file);
  }
  if (missing.length === 0) return found;
  throw new TandaError("unavailable", `not on this machine: ${missing.join(", ")}`, {
    hint: installHint(missing),
  });
}

export function installHint(names: readonly ProgramName[]): string {
  const packages = new Set(names.flatMap((name) => PROGRAMS[name].debian.split(" ")));
  return `Install with: apt-get install ${[...packages].join(" ")}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
