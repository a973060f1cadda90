import type { NodeView } from "../protocol/messages.ts";
import type { NodeOptions } from "./options.ts";

/** By kind, never by address: a password may stand in one. */
export function whatItUses({
  queue,
  store,
  blobs,
}: Pick<NodeOptions, "queue" | "store" | "blobs">): NonNullable<NodeView["uses"]> {
  const own = store === null ? "embedded" : "postgres";
  return {
    queue: queue === null ? own : /^amqps?:/.test(queue) ? "rabbitmq" : "postgres",
    store: store === null ? "sqlite" : "postgres",
    blobs: blobs?.startsWith("s3:") === true ? "s3" : "files",
  };
}
