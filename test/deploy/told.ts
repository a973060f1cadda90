/** What the files of deploy/ tell Tanda, read as Tanda reads it: its own flags, addresses and rules judge them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { checkListen, needsToken, noToken, type ListenAddress } from "../../src/gateway/listen.ts";
import { envName, NODE_FLAGS, readNodeFlags } from "../../src/node/flags.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { parsePostgresUrl } from "../../src/postgres/address.ts";
import { RabbitMQAddress } from "../../src/rabbitmq/address.ts";

export const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Package = { readonly version: string; readonly devDependencies: Record<string, string> };
export const ownPackage = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Package;

/** `name` in deploy/, with merge keys, as Compose reads it. */
export function readYaml(name: string): unknown {
  return parse(readFileSync(join(DEPLOY, name), "utf8"), { merge: true, uniqueKeys: true });
}

export function readDocuments(name: string): unknown[] {
  const documents = parseAllDocuments(readFileSync(join(DEPLOY, name), "utf8"));
  return documents.map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS();
  });
}

/** Read elsewhere than in the table of flags. */
const OTHER_VARIABLES = [
  "TANDA_TOKEN_FILE",
  "TANDA_SERVER",
  "TANDA_CA",
  "TANDA_LOG_LEVEL",
  "TANDA_QUEUE_PASSWORD_FILE",
];
const known = new Set([...NODE_FLAGS.map(({ name }) => envName(name)), ...OTHER_VARIABLES]);

export type Env = Readonly<Record<string, string>>;
export type Told = Omit<Partial<NodeOptions>, "listen"> & { readonly listen: readonly ListenAddress[] };

const STAND_IN = "a-token-of-more-than-16-letters";

/**
 * What `tanda serve` makes of these variables.
 * @throws where it would refuse them, where one is unknown, or where it could be reached from elsewhere without a token.
 */
export function tellNode(env: Env): Told {
  for (const name of Object.keys(env))
    if (name.startsWith("TANDA_") && !known.has(name)) throw new Error(`Tanda does not know ${name}`);
  const options = readNodeFlags(() => undefined, env);
  const listen = options.listen as readonly ListenAddress[];
  const token = env["TANDA_TOKEN_FILE"] === undefined ? null : STAND_IN;
  checkListen(listen, token);
  // What is shipped makes no token of its own.
  if (token === null && needsToken({ listen, token, requireToken: false })) throw noToken(listen, null);
  checkServers(env);
  return { ...options, listen };
}

/** Addresses that can be read and have no password in them. */
export function checkServers(env: Env): void {
  for (const name of ["TANDA_STORE", "TANDA_QUEUE", "TANDA_BLOBS"])
    if (/:\/\/[^/@]*:[^/@]*@/.test(env[name] ?? "")) throw new Error(`${name} has a password in it`);
  if (env["TANDA_STORE"] !== undefined) parsePostgresUrl(env["TANDA_STORE"], {});
  if (env["TANDA_QUEUE"] !== undefined) void new RabbitMQAddress(env["TANDA_QUEUE"]);
  for (const name of Object.keys(env))
    if (/PASSWORD$|SECRET|TOKEN$/.test(name)) throw new Error(`${name} is a secret in the environment`);
}

/** Files that these variables say hold secrets. */
export function secretFiles(env: Env): string[] {
  const files = Object.entries(env).filter(([name]) => name.endsWith("_FILE"));
  const inStore = new URLSearchParams((env["TANDA_STORE"] ?? "").split("?")[1]).get("passwordFile");
  return [...files.map(([, file]) => file), ...(inStore === null ? [] : [inStore])];
}
