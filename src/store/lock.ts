/**
 * One process a data folder. The lock is a write lock on a tiny SQLite file: the operating system frees it when its holder
 * dies, however it dies, so a lock is never stale. The file names its holder, as the number `PRAGMA user_version`.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TandaError } from "../task/errors.ts";
import { isFull } from "./sqlite-errors.ts";

export type Lock = { /** Twice is safe. */ release(): void };

/** @throws conflict when somebody holds it, also in this process. @param folder what is locked, for the message. */
export function acquireLock(file: string, folder: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Durability is of no use to a lock, and without it its commit costs nothing, and no room on a disk that is full.
    db.exec("pragma synchronous = off; pragma journal_mode = memory; begin immediate");
    tellHolder(db);
    db.exec("begin immediate");
  } catch (error) {
    const isHeld = (error as { errcode?: number }).errcode === 5;
    const holder = isHeld ? readHolder(db) : null;
    db.close();
    if (!isHeld) throw error;
    throw new TandaError(
      "conflict",
      `The data folder ${folder} is in use by process ${holder ?? "(unknown)"}.`,
      {
        hint: "Stop that process, or give this one a folder of its own with --data.",
        cause: error,
      },
    );
  }
  return {
    release() {
      if (db.isOpen) db.close();
    },
  };
}

/** Of a file that is new: on a full disk its holder is not told, and it is a lock all the same. */
function tellHolder(db: DatabaseSync): void {
  try {
    db.exec(`pragma user_version = ${process.pid}; commit`);
  } catch (error) {
    if (!isFull(error)) throw error;
    if (db.isTransaction) db.exec("rollback");
  }
}

function readHolder(db: DatabaseSync): number | null {
  try {
    return (db.prepare("pragma user_version").get() as { user_version: number }).user_version;
  } catch {
    return null;
  }
}
