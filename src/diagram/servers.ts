/** The servers behind gateways and workers as boxes, by what kind they are of. */
import type { Server } from "./picture.ts";

export type ServerKinds = { readonly queue: string; readonly store: string; readonly blobs: string };

const NAMES: ReadonlyMap<string, string> = new Map([
  ["rabbitmq", "RabbitMQ"],
  ["postgres", "PostgreSQL"],
  ["sqlite", "SQLite"],
  ["s3", "S3"],
  ["files", "files"],
]);

/** @param more what else is known of each: where it is, how much is in it */
export function serversOf(
  kinds: ServerKinds,
  more: Readonly<Record<keyof ServerKinds, readonly string[]>>,
): Server[] {
  const blobs: Server = { does: "blobs", lines: [nameOf(kinds.blobs), "blobs: large values", ...more.blobs] };
  // One server, and one box.
  if (kinds.queue === kinds.store) {
    const lines = [nameOf(kinds.store), "store and queue", ...more.queue, ...more.store];
    return [{ does: "store", lines }, blobs];
  }
  return [
    { does: "queue", lines: [nameOf(kinds.queue), "queue: who is next", ...more.queue] },
    { does: "store", lines: [nameOf(kinds.store), "store: what happened", ...more.store] },
    blobs,
  ];
}

export function nameOf(kind: string): string {
  return NAMES.get(kind) ?? kind;
}
