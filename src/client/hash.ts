import { createHash } from "node:crypto";

/** Of bytes of any number: they pass, and are not held. */
export async function sha256(bytes: Blob): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes.stream()) hash.update(chunk);
  return hash.digest("hex");
}
