/**
 * Servers beyond this machine must not be used with a password that everybody knows: who reads their documentation, or a list of the
 * usual ones, would be a node. What is on this machine may have any.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseS3Address } from "../blobs/s3-address.ts";
import { isLoopback } from "../gateway/listen.ts";
import { parsePostgresUrl } from "../postgres/address.ts";
import { RabbitMQAddress } from "../rabbitmq/address.ts";
import { TandaError } from "../task/errors.ts";
import type { NodeOptions, ServerKind } from "./options.ts";
import { isPostgres } from "./sharing-flags.ts";

/** Of images, manuals and examples, and what people type until later. In small letters. */
const WELL_KNOWN: ReadonlySet<string> = new Set(
  `0000 1234 12345 123456 12345678 123456789 abc123 accesskey1 admin admin123 administrator app bitnami ceph change change-me change_me
  changeit changeme changethis default demo dev example garage guest letmein localstack minio minio123 minioadmin mypassword
  mysecretpassword pass password password1 passw0rd pg postgres postgres123 postgresql qwerty rabbit rabbitmq root rustfsadmin s3cr3t
  seaweedfs secret tanda test test123 user verysecretkey1 welcome weed
  wjalrxutnfemi/k7mdeng/bpxrficyexamplekey`.split(/\s+/),
);

type Login = {
  readonly kind: ServerKind;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly user: string;
  readonly password: () => string | undefined;
};

/** @throws bad_request that names the server and what to do, never the password. */
export function checkDefaultPasswords(
  options: Pick<NodeOptions, "store" | "queue" | "blobs" | "allowDefaultPasswords">,
  env: NodeJS.ProcessEnv,
): void {
  for (const { kind, name, hosts, user, password } of loginsOf(options, env)) {
    const far = hosts.find((host) => !isLoopback(host));
    if (far === undefined || options.allowDefaultPasswords.includes(kind)) continue;
    const why = weaknessOf(user, password);
    if (why === null) continue;
    throw new TandaError("bad_request", `${name} at ${far} is to be used with ${why}`, {
      hint: `Give it one by chance: openssl rand -hex 24. If nobody else can reach it: --allow-default-passwords ${kind}.`,
    });
  }
}

function* loginsOf(
  { store, queue, blobs }: Pick<NodeOptions, "store" | "queue" | "blobs">,
  env: NodeJS.ProcessEnv,
): Generator<Login> {
  for (const url of [store, queue]) {
    if (url === null) continue;
    if (isPostgres(url)) {
      const { hosts, user, password } = parsePostgresUrl(url, env);
      yield { kind: "postgres", name: "PostgreSQL", hosts: hosts.map(({ host }) => host), user, password };
    } else {
      const address = new RabbitMQAddress(url, {
        password: env["TANDA_QUEUE_PASSWORD"],
        passwordFile: env["TANDA_QUEUE_PASSWORD_FILE"],
      });
      const { user } = address;
      const hosts = address.hosts.map(({ host }) => host);
      yield { kind: "rabbitmq", name: "RabbitMQ", hosts, user, password: () => address.password() };
    }
  }
  if (blobs?.startsWith("s3:") !== true) return;
  const { endpoint } = parseS3Address(blobs);
  const host = endpoint === null ? "Amazon" : new URL(endpoint).hostname.replace(/^\[|\]$/g, "");
  const keys = keysOf(env);
  if (keys) yield { kind: "s3", name: "The bucket's server", hosts: [host], ...keys };
}

function weaknessOf(user: string, read: () => string | undefined): string | null {
  let password: string;
  try {
    password = read() ?? "";
  } catch {
    // That it cannot be read is told by who needs it.
    return null;
  }
  if (password === "") return "no password";
  const lower = password.toLowerCase();
  if (lower === user.toLowerCase()) return "its user's name for a password";
  return WELL_KNOWN.has(lower) ? "a password that everybody knows" : null;
}

/** As Amazon's client finds them first; null where they come from a role or the like, which has no default. */
function keysOf(env: NodeJS.ProcessEnv): Pick<Login, "user" | "password"> | null {
  const [user, secret] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]];
  if (user && secret) return { user, password: () => secret };
  const profile = env["AWS_PROFILE"] || "default";
  try {
    const file = env["AWS_SHARED_CREDENTIALS_FILE"] || join(homedir(), ".aws", "credentials");
    const parts = readFileSync(file, "utf8").split(/^\s*\[\s*([^\]]*?)\s*\]/m);
    const found = parts.indexOf(profile);
    const text = found < 0 ? "" : (parts[found + 1] ?? "");
    const value = (name: string): string | undefined =>
      new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, "m").exec(text)?.[1];
    const [key, kept] = [value("aws_access_key_id"), value("aws_secret_access_key")];
    return key !== undefined && kept !== undefined ? { user: key, password: () => kept } : null;
  } catch {
    return null;
  }
}
