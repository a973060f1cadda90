import type { BlobLink, Blobs } from "../blobs/blobs.ts";
import type { ScopeWord } from "../protocol/scopes.ts";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { Grant } from "./grant.ts";

/** A blob's id is the hash of its bytes: who knows it was told it, or has them. So reading is one right, and not one a task. */
export function guardBlobs(inner: Blobs, grant: Grant, need: (word: ScopeWord) => void): Blobs {
  const { scope } = grant;
  if (scope === null && !grant.isOver) return inner;
  const most = scope?.maxBytes ?? Infinity;
  const checkExpected = ({ bytes }: BlobRef): void => {
    need("put_blob");
    if (bytes > most)
      throw new TandaError("too_large", `the blob is larger than the ${most} bytes of this token`);
  };
  const reading = <Arguments extends unknown[], T>(read: (...given: Arguments) => Promise<T>) => {
    return async (...given: Arguments): Promise<T> => {
      need("get_blob");
      return read(...given);
    };
  };
  const forbidden = async (): Promise<never> => {
    throw new TandaError("forbidden", "blobs are the node's to delete");
  };
  return {
    async put(bytes, more = {}) {
      need("put_blob");
      const maxBytes = Math.min(more.maxBytes ?? Infinity, most);
      return inner.put(bytes, { ...more, maxBytes: maxBytes === Infinity ? undefined : maxBytes });
    },
    stat: reading((id: string) => inner.stat(id)),
    open: reading((id: string, range?: { start: number; end: number }) => inner.open(id, range)),
    file: reading((id: string) => inner.file(id)),
    ...(inner.downloadUrl && {
      downloadUrl: reading((id: string, link: BlobLink) => inner.downloadUrl!(id, link)),
    }),
    ...(inner.uploadLink && {
      async uploadLink(expected: BlobRef, lifeMs: number) {
        checkExpected(expected);
        return inner.uploadLink!(expected, lifeMs);
      },
    }),
    ...(inner.finishUpload && {
      async finishUpload(upload: string, expected: BlobRef, type?: string) {
        checkExpected(expected);
        return inner.finishUpload!(upload, expected, type);
      },
    }),
    delete: forbidden,
    old: forbidden,
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
}
