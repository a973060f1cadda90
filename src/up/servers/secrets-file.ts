/** What servers of our own were given when they were made, and must be given again at each start: kept where only we can read it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomBytes, randomUUID } from "node:crypto";
import { freePorts, isFree } from "../ports.ts";

export type Secrets = {
  readonly version: 1;
  readonly password: string;
  /** Erlang's: who has it may command RabbitMQ. */
  readonly cookie: string;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly ceph: {
    readonly fsid: string;
    readonly osd: string;
    readonly accessKey: string;
    readonly secretKey: string;
  };
};

const PORT_NAMES = ["postgres", "rabbitmq", "epmd", "erlang", "mon", "rgw"] as const;
type PortName = (typeof PORT_NAMES)[number];

/** The monitor's stands in Ceph's own files too. */
const FIXED: ReadonlySet<PortName> = new Set(["mon"]);

/** Those of the last start; others only for ports that somebody else has taken. */
export async function readSecrets(file: string): Promise<Secrets> {
  const secrets = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Secrets)
    : await makeSecrets();
  const ports = { ...secrets.ports };
  for (const name of PORT_NAMES) {
    if (FIXED.has(name) || (await isFree("127.0.0.1", ports[name]))) continue;
    [ports[name]] = (await freePorts(1, Math.random)) as [number];
  }
  const now = { ...secrets, ports };
  writeFileSync(`${file}.new`, `${JSON.stringify(now, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return now;
}

async function makeSecrets(): Promise<Secrets> {
  const ports = await freePorts(PORT_NAMES.length, Math.random);
  return {
    version: 1,
    password: randomBytes(18).toString("base64url"),
    cookie: randomBytes(18).toString("hex").toUpperCase(),
    ports: Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]!])) as Secrets["ports"],
    ceph: {
      fsid: randomUUID(),
      osd: randomUUID(),
      accessKey: `AK${randomBytes(8).toString("hex")}`,
      secretKey: `SK${randomBytes(16).toString("hex")}`,
    },
  };
}
