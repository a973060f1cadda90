import type { Connection } from "../postgres/pool.ts";

/** Who stands still in a turn that only one may have keeps all others from it: for no longer. Within a transaction. */
export const STANDS_BRIEFLY = "set_config('idle_in_transaction_session_timeout', '1000', true)";

/** Runs something as one durable transaction; whatever it throws, nothing of it is left. */
export async function transact<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.query("begin");
  try {
    const result = await work();
    await connection.query("commit");
    return result;
  } catch (error) {
    await connection.query("rollback").catch(() => {});
    throw error;
  }
}
