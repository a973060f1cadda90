/** A large result lies in a blob: it is told whole when it fits in a line, else as a link. */
import type { Blobs } from "../blobs/blobs.ts";
import type { BlobRef } from "../task/task.ts";

/** @returns JSON text. A blob that cannot be read now is a link too: the task is done, whatever became of this read. */
export async function resultText(blobs: Blobs, ref: BlobRef, maxBytes: number): Promise<string> {
  const link = blobLink(ref);
  if (ref.bytes > maxBytes) return link;
  try {
    const parts: Buffer[] = [];
    for await (const part of await blobs.open(ref.id)) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    // A line break between tokens would end the line.
    return /[\r\n]/.test(text) ? JSON.stringify(JSON.parse(text)) : text;
  } catch {
    return link;
  }
}

export function blobLink(ref: BlobRef): string {
  return `{"$blob":"${ref.id}","bytes":${ref.bytes}}`;
}
