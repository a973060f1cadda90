/** Large bytes go to where blobs are kept by a link, past the nodes, where the node gives links. */
import { TandaError } from "../task/errors.ts";
import type { Platform } from "./transport.ts";

/** Less is not worth two questions more. */
const LEAST_BYTES = 8 * 1024 * 1024;

type Kept = { $blob: string; bytes: number };
type Link = { upload: string; url: string; headers: Record<string, string> };
type Ask = (path: string, body: object, signal: AbortSignal | undefined) => Promise<Response>;
type Upload = (
  bytes: Uint8Array | string | Blob,
  more: { type?: string; signal?: AbortSignal },
) => Promise<Kept | null>;

/** What it makes answers null when the bytes have to take the way through a node: that works always, and tells best what is wrong. */
export function createDirectUpload(sha256: Platform["sha256"], ask: Ask): Upload {
  let givesLinks = sha256 !== undefined;

  const linkFor = async (told: Kept, signal: AbortSignal | undefined): Promise<Link> => {
    try {
      return (await (await ask("/v1/blobs/uploads", told, signal)).json()) as Link;
    } catch (error) {
      // Most nodes give none; then the next blob is not hashed for nothing.
      if (error instanceof TandaError && error.code === "not_found") givesLinks = false;
      throw error;
    }
  };

  const upload = async (
    bytes: Blob,
    type: string | undefined,
    signal?: AbortSignal,
  ): Promise<Kept | null> => {
    const $blob = await sha256!(bytes);
    if ($blob === null) return null;
    const told = { $blob, bytes: bytes.size };
    const { upload: name, url, headers } = await linkFor(told, signal);
    const sent = await fetch(url, { method: "PUT", headers, body: bytes, ...(signal ? { signal } : {}) });
    await sent.body?.cancel();
    if (!sent.ok) return null;
    const more = type === undefined ? {} : { type };
    return (await (await ask(`/v1/blobs/uploads/${name}`, { ...told, ...more }, signal)).json()) as Kept;
  };

  return async (given, { type, signal }) => {
    const atMost = given instanceof Blob ? given.size : given.length * (typeof given === "string" ? 3 : 1);
    if (!givesLinks || atMost < LEAST_BYTES) return null;
    const bytes = given instanceof Blob ? given : new Blob([given as Uint8Array<ArrayBuffer> | string]);
    if (bytes.size < LEAST_BYTES) return null;
    return upload(bytes, type, signal).catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      return null;
    });
  };
}
