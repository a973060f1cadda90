/** A large result lies in a blob: it is told whole when it fits in a line, else as a link. */
import type { Blobs } from "../blobs/blobs.ts";
import type { Answer } from "../engine/engine.ts";
import type { BlobRef } from "../task/task.ts";
import type { Pending } from "./load.ts";

/** @returns JSON text. A blob that cannot be read now is a link too: the task is done, whatever became of this read. */
export async function resultText(
  blobs: Pick<Blobs, "open">,
  ref: BlobRef,
  maxBytes: number,
): Promise<string> {
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

/** What a reply has besides its prefix and result. */
const REPLY_OVERHEAD_BYTES = 110;

type Done = Extract<Answer, { status: "done" }>;

export type LargeResultRules = {
  /** The longest reply: a larger result is told as a link. */
  readonly maxLineBytes: number;
  readonly mayRead: () => boolean;
  readonly tell: (pending: Pending, answer: Done, result: string) => void;
};

/** Large results of one client: read one after another, and none while it does not read, else they would all lie in memory. */
export class LargeResults {
  readonly #blobs: Pick<Blobs, "open">;
  readonly #rules: LargeResultRules;
  readonly #waiting: { pending: Pending; answer: Done }[] = [];
  #isReading = false;

  constructor(blobs: Pick<Blobs, "open">, rules: LargeResultRules) {
    this.#blobs = blobs;
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  push(pending: Pending, answer: Done): void {
    this.#waiting.push({ pending, answer });
  }

  /** There may be room again. */
  relieved(): void {
    if (this.#waiting.length > 0 && !this.#isReading) void this.#tellAll();
  }

  async #tellAll(): Promise<void> {
    const { maxLineBytes, mayRead, tell } = this.#rules;
    this.#isReading = true;
    while (this.#waiting.length > 0 && mayRead()) {
      const { pending, answer } = this.#waiting[0]!;
      const maxBytes = maxLineBytes - REPLY_OVERHEAD_BYTES - pending.prefix.length;
      const text = await resultText(this.#blobs, answer.resultBlob!, maxBytes);
      this.#waiting.shift();
      tell(pending, answer, text);
    }
    this.#isReading = false;
  }
}
