/**
 * Where RabbitMQ is and who we are to it:  amqp://user@one:5672,two:5673/vhost  (amqps: with TLS). The password may stand in it, or
 * better in a file. It is kept so that no log, error or inspection shows it.
 */
import { readFileSync } from "node:fs";
import { TandaError } from "../task/errors.ts";

const PORTS: ReadonlyMap<string, number> = new Map([
  ["amqp", 5672],
  ["amqps", 5671],
]);

export type RabbitMQSecrets = {
  /** Used when the URL has none. */
  password?: string | undefined;
  /** Read for every connection, so that it may change; used when the URL has none. */
  passwordFile?: string | undefined;
};

export class RabbitMQAddress {
  readonly isSecure: boolean;
  /** Any of them will do. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly vhost: string;
  readonly #password: string | null;
  readonly #passwordFile: string | null;

  /** @throws bad_request, without the password */
  constructor(url: string, secrets: RabbitMQSecrets = {}) {
    const found = /^(amqps?):\/\/(?:([^/@]*)@)?([^/?#]+)(?:\/([^?#]*))?$/.exec(url);
    if (!found) throw refused("it should look like amqp://user@host:5672,other:5672/vhost");
    const [, scheme, who = "", hosts, vhost = ""] = found;
    const colon = who.indexOf(":");
    this.isSecure = scheme === "amqps";
    this.user = decode(colon < 0 ? who : who.slice(0, colon)) || "guest";
    this.vhost = decode(vhost) || "/";
    this.#password = colon < 0 ? (secrets.password ?? null) : decode(who.slice(colon + 1));
    this.#passwordFile = secrets.passwordFile ?? null;
    this.hosts = hosts!.split(",").map((text) => parseHost(text, PORTS.get(scheme!)!));
  }

  /** @throws when its file cannot be read */
  password(): string {
    if (this.#password !== null) return this.#password;
    return this.#passwordFile === null ? "guest" : readFileSync(this.#passwordFile, "utf8").trim();
  }

  toString(): string {
    const hosts = this.hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
    return `${this.isSecure ? "amqps" : "amqp"}://${this.user}@${hosts.join(",")}/${encodeURIComponent(this.vhost)}`;
  }
}

function parseHost(text: string, usualPort: number): { host: string; port: number } {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const port = found?.[3] === undefined ? usualPort : Number(found[3]);
  if (!found || port < 1 || port > 65_535)
    throw refused("between // and / it has hosts, each with a port or without");
  return { host: (found[1] ?? found[2])!, port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused("a % in it is followed by no two hexadecimal digits");
  }
}

function refused(why: string): TandaError {
  return new TandaError("bad_request", `The address of RabbitMQ cannot be read: ${why}.`);
}
