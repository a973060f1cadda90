import { TandaError, isErrorCode, type ErrorBody } from "../task/errors.ts";
import type { BlobAccess } from "./caller.ts";
import type { Platform } from "./transport.ts";
import { createDirectUpload } from "./direct-upload.ts";

const DEFAULT_TYPE = "application/octet-stream";

/** Blobs over HTTP: the port that takes lines speaks it too. */
export function createBlobAccess(
  baseUrls: readonly string[],
  token: string | undefined,
  platform: Pick<Platform, "canUploadStreams" | "sha256" | "fetch">,
): BlobAccess {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const fetchFrom = platform.fetch ?? fetch;

  /** Tries each address; a body that is a stream can be sent only once, so its first failure is final. */
  const ask = async (path: string, init: RequestInit, isOnce: boolean): Promise<Response> => {
    let cause: unknown;
    for (const base of baseUrls) {
      try {
        const response = await fetchFrom(base + path, init);
        if (response.ok) return response;
        throw await toError(response);
      } catch (thrown) {
        if (thrown instanceof TandaError || init.signal?.aborted === true) throw thrown;
        cause = thrown;
        if (isOnce) break;
      }
    }
    throw new TandaError("unavailable", `Blobs cannot be reached at ${baseUrls.join(", ")}.`, { cause });
  };

  const upload = createDirectUpload(platform.sha256, (path, body, signal) =>
    ask(path, { ...jsonPost(body, headers), ...(signal ? { signal } : {}) }, false),
  );

  return {
    async put(given, more = {}) {
      // Browsers keep a large Blob on disk.
      const isGathered = given instanceof ReadableStream && !platform.canUploadStreams;
      const bytes = isGathered ? await new Response(given).blob() : given;
      const isStream = bytes instanceof ReadableStream;
      const kept = isStream ? null : await upload(bytes, more);
      if (kept) return kept;
      const init: RequestInit & { duplex?: "half" } = {
        method: "PUT",
        headers: { ...headers, "content-type": more.type ?? DEFAULT_TYPE },
        body: bytes as NonNullable<RequestInit["body"]>,
        ...(more.signal ? { signal: more.signal } : {}),
        ...(isStream ? { duplex: "half" as const } : {}),
      };
      const response = await ask("/v1/blobs", init, isStream);
      return (await response.json()) as { $blob: string; bytes: number };
    },
    async get(blob, more = {}) {
      const id = typeof blob === "string" ? blob : blob.$blob;
      const init: RequestInit = { headers, ...(more.signal ? { signal: more.signal } : {}) };
      const response = await ask(`/v1/blobs/${encodeURIComponent(id)}`, init, false);
      if (response.body === null) throw new TandaError("internal", "A blob came without a body.");
      return response.body as ReadableStream<Uint8Array>;
    },
  };
}

function jsonPost(body: object, headers: Record<string, string>): RequestInit {
  return {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** problem+json carries the same code; its `detail` is the message. */
async function toError(response: Response): Promise<TandaError> {
  const body = (await response.json().catch(() => null)) as Partial<
    ErrorBody & { detail: string; title: string }
  > | null;
  const message = body?.detail ?? body?.message ?? body?.title ?? `HTTP ${response.status}`;
  const code = isErrorCode(body?.code) ? body.code : "internal";
  return new TandaError(code, message, body?.hint === undefined ? {} : { hint: body.hint });
}
