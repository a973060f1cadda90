/** Makes connections: the addresses are tried in turn, and a standby, which takes no writes, is passed over. */
import { Client, types as pgTypes } from "pg";
import type { PostgresAddress } from "./address.ts";

export type Connection = Client;

const CONNECT_WITHIN_MS = 5000;
const ANSWER_WITHIN_MS = 15_000;
/** One that says nothing is asked for a sign of life after so long: half a minute, and it is known to be gone. */
const QUIET_MS = 10_000;
const FAREWELL_WITHIN_MS = 1000;
const INT8 = 20;
/** Counts and instants stay far below 2⁵³. */
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary"): unknown =>
    oid === INT8 ? Number : pgTypes.getTypeParser(oid, format),
};
/**
 * Every statement of ours has an index. Without statistics, as in a new partition, the planner would rather read whole tables.
 * The timeouts end what a frozen process left open, lest it lock others out.
 */
const SETTINGS =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan " +
  "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s -c timezone=UTC";

export type ConnectOptions = {
  readonly address: PostgresAddress;
  /** Shown by PostgreSQL as the application's. */
  readonly name: string;
  /** More settings of the session, as `-c name=value`. */
  readonly settings?: string;
};

/** @throws what the last address said. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  let failure: unknown;
  for (const { host, port } of options.address.hosts) {
    try {
      return await connectTo(host, port, options);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Resolves when it is over, soon also where the server is not heard any more. */
export async function end(connection: Connection): Promise<void> {
  const timer = setTimeout(() => drop(connection), FAREWELL_WITHIN_MS);
  await connection.end().catch(() => {});
  clearTimeout(timer);
}

/** Without a farewell: whoever does not answer would not hear it. */
export function drop(connection: Connection): void {
  const { stream } = (connection as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}

async function connectTo(
  host: string,
  port: number,
  { address, name, settings = "" }: ConnectOptions,
): Promise<Connection> {
  const { user, database, schema, ssl } = address;
  const password = address.password();
  const connection = new Client({
    host,
    port,
    user,
    database,
    // A function, also without one: else pg would look into the environment and the home folder.
    password: () => password ?? "",
    ssl,
    types,
    application_name: name,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    // What is asked without waiting for the answer before is sent at once.
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: QUIET_MS,
    options: `${SETTINGS} ${settings} -c search_path=${schema}`,
  });
  // Without a listener an error would end the process.
  connection.on("error", () => {});
  try {
    await connection.connect();
    const { rows } = await connection.query<{ stands: boolean }>("select pg_is_in_recovery() as stands");
    if (rows[0]!.stands) throw new Error(`${host}:${port} is a standby and takes no writes`);
    return connection;
  } catch (error) {
    drop(connection);
    throw error;
  }
}
