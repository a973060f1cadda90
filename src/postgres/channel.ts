import { createHash } from "node:crypto";

/** A name to LISTEN on. PostgreSQL has one space of names for a whole database, and 63 bytes for each. */
export function channelName(schema: string, duty: string, detail = ""): string {
  const digest = createHash("sha256").update(`${schema}\n${detail}`).digest("hex").slice(0, 32);
  return `tanda_${duty}_${digest}`;
}
