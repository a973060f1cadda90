/** What a person can do about a server that cannot be had. */

/** By the code of what was thrown: PostgreSQL's, the socket's or that of TLS. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["28P01", "Check the user and the password: in the URL, in the file of passwordFile, or in PGPASSWORD."],
  [
    "28000",
    "The server's pg_hba.conf must let this user in from here, and perhaps only with sslmode=require.",
  ],
  ["3D000", "Create the database, or name another one in the URL."],
  ["42501", "The user needs the right to make a schema and tables in the database."],
  ["53300", "The server has no connection left: raise its max_connections, or start fewer nodes."],
  ["ECONNREFUSED", "Is the server running, and does it listen on that address?"],
  ["ENOTFOUND", "Nobody knows a machine of that name: check the URL."],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Name the server in the URL as its certificate does."],
]);
const UNKNOWN_ISSUER = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/;
const NO_TLS = /does not support SSL/;

export function hintFor(thrown: unknown): string | undefined {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string") {
    const hint = HINTS.get(code);
    if (hint !== undefined) return hint;
    if (UNKNOWN_ISSUER.test(code))
      return "Give the certificate of who signed the server's in the URL, as sslrootcert=FILE.";
  }
  if (typeof message === "string" && NO_TLS.test(message))
    return "Turn on ssl in postgresql.conf, or leave sslmode out where nobody can listen in.";
  return undefined;
}
