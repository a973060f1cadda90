/** All servers that a topology needs, as processes of our own: each in a folder of its own, with data that outlive us. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { TandaError } from "../../task/errors.ts";
import { closedTo } from "../as-user.ts";
import type { ProcessPlan } from "../process-plan.ts";
import { findProgram, findPrograms, installHint, type ProgramName } from "../programs.ts";
import type { Servers } from "../topology.ts";
import { cephFolder, cephPlans, cephUrl, type CephSetup } from "./ceph.ts";
import { POSTGRES_USER, postgresPlan, postgresUrl, type PostgresSetup } from "./postgres.ts";
import { RABBITMQ_USER, rabbitmqPlan, rabbitmqUrl, type RabbitMQSetup } from "./rabbitmq.ts";
import { readSecrets, type Secrets } from "./secrets-file.ts";

export type PrivateServers = {
  readonly plans: readonly ProcessPlan[];
  readonly servers: Servers;
  /** For those that use them. */
  readonly env: NodeJS.ProcessEnv;
  /** For a person. */
  readonly notes: readonly string[];
};

const NEEDED = ["postgres", "rabbitmq-server", "epmd"] as const satisfies ProgramName[];
const CEPH = ["ceph-mon", "ceph-osd", "radosgw"] as const satisfies ProgramName[];

/** @throws unavailable when a program is missing, or may not go where its data are. */
export async function privateServers({
  folder,
  env,
}: {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<PrivateServers> {
  const path = env["PATH"] ?? "";
  const found = findPrograms(NEEDED, path);
  chmodSync(folder, 0o755);
  for (const user of [POSTGRES_USER, RABBITMQ_USER]) {
    const closed = closedTo(user, folder);
    if (closed === null) continue;
    throw new TandaError("unavailable", `the user ${user} may not go into ${closed}`, {
      hint: `${user} does not run as root, and that folder is closed to others. Take another: --data /var/lib/tanda`,
    });
  }
  const secrets = await readSecrets(join(folder, "servers.json"));
  const { password, cookie, ports } = secrets;
  const postgres: PostgresSetup = {
    folder: join(folder, "postgres"),
    logFile: join(folder, "postgres.log"),
    program: found.get("postgres")!,
    port: ports.postgres,
    password,
    env,
  };
  const rabbitmq: RabbitMQSetup = {
    folder: join(folder, "rabbitmq"),
    logFile: join(folder, "rabbitmq.log"),
    program: found.get("rabbitmq-server")!,
    port: ports.rabbitmq,
    epmdPort: ports.epmd,
    erlangPort: ports.erlang,
    password,
    cookie,
    env,
  };
  const plans = [rabbitmqPlan(rabbitmq), postgresPlan(postgres)];
  const servers = { queue: rabbitmqUrl(rabbitmq), store: postgresUrl(postgres) };
  const missing = CEPH.filter((name) => findProgram(name, path) === null);
  if (missing.length > 0) {
    const note = `Blobs are files in ${join(folder, "blobs")}, which all processes of this machine share. For an S3 server: ${installHint(missing)}`;
    return { plans, servers: { ...servers, blobs: null }, env: {}, notes: [note] };
  }
  const ceph = cephSetup(folder, findProgram("radosgw", path)!, secrets, env);
  return {
    plans: [...plans, ...cephPlans(ceph)],
    servers: { ...servers, blobs: cephUrl(ceph) },
    env: { AWS_ACCESS_KEY_ID: ceph.accessKey, AWS_SECRET_ACCESS_KEY: ceph.secretKey },
    notes: [],
  };
}

function cephSetup(
  folder: string,
  radosgw: string,
  { ports, ceph }: Secrets,
  env: NodeJS.ProcessEnv,
): CephSetup {
  return {
    folder: join(folder, "ceph"),
    logFolder: folder,
    programs: cephFolder(radosgw),
    port: ports.rgw,
    monPort: ports.mon,
    ...ceph,
    env,
  };
}
