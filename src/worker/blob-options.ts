/** Where threads find the blobs: a module that exports `openBlobs(options): Blobs`, since a Blobs cannot cross to a thread. */
import type { Blobs } from "../blobs/blobs.ts";

export type BlobModule = { readonly module: string; readonly options: unknown };

export async function openBlobModule({ module, options }: BlobModule): Promise<Blobs> {
  const { openBlobs } = (await import(module)) as {
    openBlobs?: (options: unknown) => Blobs | Promise<Blobs>;
  };
  if (typeof openBlobs !== "function") throw new Error(`${module} exports no openBlobs`);
  return openBlobs(options);
}
