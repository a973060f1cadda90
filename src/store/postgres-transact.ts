import type { Connection } from "../postgres/pool.ts";

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
