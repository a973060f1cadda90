/** Which blobs a task refers to: its own large texts, and every `{"$blob":"…"}` inside payload and result. */
import type { Task } from "../task/task.ts";

const MARK = '"$blob"';
const LINK = /"\$blob"\s*:\s*"([0-9a-f]{64})"/g;

/** A cheap test that is hardly ever wrong when it says yes. @param text JSON text. */
export function mentionsBlob(text: string | null): boolean {
  return text !== null && text.includes(MARK);
}

export function blobsIn(text: string | null): string[] {
  return mentionsBlob(text) ? Array.from(text!.matchAll(LINK), (match) => match[1]!) : [];
}

export function blobsOf(task: Task): string[] {
  const blobs = [...blobsIn(task.payload), ...blobsIn(task.result)];
  if (task.payloadBlob) blobs.push(task.payloadBlob);
  if (task.resultBlob) blobs.push(task.resultBlob.id);
  return blobs;
}
