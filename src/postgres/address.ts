/** What a URL says: postgres://user:password@host:5432,other:5432/database?schema=tanda&sslmode=require&passwordFile=/run/secrets/pg */
import { readFileSync } from "node:fs";
import { TandaError } from "../task/errors.ts";

export type PostgresAddress = {
  /** Tried in turn. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly database: string;
  /** All tables lie in it, so that one database may hold several Tandas. */
  readonly schema: string;
  /** A function that is no property: whoever prints an address prints no password. */
  readonly password: () => string | undefined;
  readonly ssl: false | { readonly rejectUnauthorized: boolean; readonly ca?: string };
};

const FORM = /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const PORT = 5432;
const SCHEMA_FORM = /^[a-z_][a-z0-9_]{0,62}$/;
const SETTINGS = ["schema", "sslmode", "sslrootcert", "passwordFile"];

/**
 * The password is the URL's, else that of the file in `passwordFile`, else the environment's PGPASSWORD.
 * @throws bad_request, without a word of the URL's that may be secret.
 */
export function parsePostgresUrl(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const [whole, login = "", places = "", database = "", query = ""] = FORM.exec(url) ?? [];
  if (whole === undefined) throw wrong("it is not of the form postgres://USER@HOST:PORT/DATABASE");
  const settings = new URLSearchParams(query);
  for (const name of settings.keys()) {
    if (!SETTINGS.includes(name)) throw wrong(`${JSON.stringify(name)} is none of ${SETTINGS.join(", ")}`);
  }
  const colon = login.indexOf(":");
  const user = decoded(colon < 0 ? login : login.slice(0, colon)) || env["PGUSER"] || "postgres";
  const schema = settings.get("schema") ?? "tanda";
  if (!SCHEMA_FORM.test(schema)) throw wrong("a schema is of a-z, 0-9 and _");
  return {
    hosts: places.split(",").map(parseHost),
    user,
    database: decoded(database) || env["PGDATABASE"] || user,
    schema,
    password: passwordOf(
      colon < 0 ? null : decoded(login.slice(colon + 1)),
      settings.get("passwordFile"),
      env,
    ),
    ssl: sslOf(settings.get("sslmode"), settings.get("sslrootcert")),
  };
}

/** For logs and errors: where, and nothing secret. */
export function placesOf({ hosts, database }: PostgresAddress): string {
  const places = hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
  return `postgres://${places.join(",")}/${database}`;
}

function passwordOf(
  told: string | null,
  file: string | null,
  env: NodeJS.ProcessEnv,
): () => string | undefined {
  if (told !== null && told !== "") return () => told;
  // Read anew for each connection: secrets are exchanged while programs run.
  if (file !== null) return () => readSecret(file);
  const found = env["PGPASSWORD"];
  return () => found;
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new TandaError("unavailable", `The password's file ${file} cannot be read`, { cause });
  }
}

function parseHost(place: string): { host: string; port: number } {
  const [whole, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(place) ?? [];
  if (whole === undefined) throw wrong("a host is NAME:PORT, several with commas between");
  const number = Number(port ?? PORT);
  if (number < 1 || number > 65_535) throw wrong(`a port is from 1 to 65535, not ${port}`);
  return { host: bracketed ?? (decoded(plain ?? "") || "127.0.0.1"), port: number };
}

function sslOf(mode: string | null, rootFile: string | null): PostgresAddress["ssl"] {
  if (rootFile !== null && mode !== "verify-full") throw wrong("sslrootcert is for sslmode=verify-full");
  switch (mode) {
    case null:
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-full":
      return { rejectUnauthorized: true, ...(rootFile !== null && { ca: readRoot(rootFile) }) };
    default:
      throw wrong("sslmode is disable, require or verify-full");
  }
}

function readRoot(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw wrong(`the file ${file} of sslrootcert cannot be read`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("it has a % that begins no code");
  }
}

function wrong(why: string): TandaError {
  return new TandaError("bad_request", `The address of PostgreSQL cannot be read: ${why}`);
}
