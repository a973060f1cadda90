import type { Readable } from "node:stream";
import type { BlobRef } from "../task/task.ts";

/**
 * Large payloads and results, beside the store. A blob's id is the sha-256 of its bytes in lower-case hex.
 *
 * - `put` resolves only AFTER the bytes are durable. It MUST stream: memory does not grow with the blob. Putting the same
 *   bytes again answers the same id, harms nothing and makes the blob young again for `old`.
 * - A `put` that fails or dies half-way MUST NOT leave anything readable under an id. More than `maxBytes`: `too_large`.
 * - `open` of an unknown id throws `not_found`; an id that is not 64 hex digits is `not_found` too and MUST NOT touch a path.
 * - `delete` of an unknown id is not an error.
 * - A full disk is `busy`.
 */
export interface Blobs extends AsyncDisposable {
  put(
    bytes: Readable | Uint8Array | string,
    more?: { type?: string | undefined; maxBytes?: number | undefined },
  ): Promise<BlobRef>;
  stat(id: string): Promise<BlobInfo>;
  /** `start` and `end` (inclusive) cut a range. */
  open(id: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Path of a local file with the bytes, read-only, or null where the driver has no files. */
  file(id: string): Promise<string | null>;
  /**
   * Only of a driver whose blobs others can fetch without us: a link that gives the blob's bytes to whoever has it, until it is
   * over. It MUST NOT ask whether there is such a blob, and MUST NOT hold a secret that outlives it.
   */
  downloadUrl?(id: string, link: BlobLink): Promise<string>;
  /**
   * Only of a driver that others can give bytes to without us: a link that takes the bytes of this very blob from whoever has it,
   * until it is over. What comes by it is no blob before {@link finishUpload}.
   */
  uploadLink?(expected: BlobRef, lifeMs: number): Promise<UploadLink>;
  /**
   * Makes a blob of what came. It MUST hold the bytes against what was expected, and whoever has the link MUST NOT be able to change
   * them after that. Other bytes: `bad_request`; nothing came: `not_found`.
   */
  finishUpload?(upload: string, expected: BlobRef, type?: string): Promise<BlobRef>;
  /** With `putBefore`, one that was last put at that instant or later stays; also one that is put meanwhile, once that put resolves. */
  delete(ids: readonly string[], putBefore?: number): Promise<void>;
  /** Ids last put before this instant, at most `limit`, in the order of ids. `after` is exclusive. */
  old(before: number, limit: number, after?: string | null): Promise<string[]>;
  close(): Promise<void>;
}

/** `type` is the media type told at `put`, by default application/octet-stream. */
export type BlobInfo = BlobRef & { readonly type: string; readonly putAt: number };

/** The request is a PUT with these headers and no others of meaning. `expiresAt`: epoch milliseconds. */
export type UploadLink = {
  readonly upload: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: number;
};

/** `disposition` is the Content-Disposition that a browser is to be told. */
export type BlobLink = { readonly lifeMs: number; readonly disposition: string };
