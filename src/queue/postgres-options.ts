/** What the PostgreSQL driver is told, and whom it tells. */
import type { PostgresAddress } from "../postgres/address.ts";
import type { RemoteQueueObserver, RemoteQueueOptions } from "./remote-queue.ts";

export type PostgresQueueOptions = RemoteQueueOptions & {
  /** Its schema holds the parcels: several Tandas may share a database. */
  address: PostgresAddress;
  observer: RemoteQueueObserver;
  /** For so long a process that says nothing any more keeps what it took. Default 20 s. */
  takenMs?: number;
};
