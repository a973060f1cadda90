/** The blobs of all nodes: one that is not here is brought here first, from whoever has it. */
import { Readable } from "node:stream";
import type { BlobInfo, Blobs } from "../blobs/blobs.ts";
import { OWN_ONLY_HEADER } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { Peer } from "./peer.ts";

const ID = /^[0-9a-f]{64}$/;
const LINKS = /"\$blob"\s*:\s*"([0-9a-f]{64})"/g;
const HEAD_WITHIN_MS = 5000;
const STANDSTILL_MS = 30_000;

export class ClusterBlobs implements Blobs {
  readonly #local: Blobs;
  readonly #peers: readonly Peer[];
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(local: Blobs, peers: readonly Peer[]) {
    this.#local = local;
    this.#peers = peers;
  }

  put(...given: Parameters<Blobs["put"]>): Promise<BlobRef> {
    return this.#local.put(...given);
  }

  stat(id: string): Promise<BlobInfo> {
    return this.#here(id, () => this.#local.stat(id));
  }

  open(id: string, range?: { start: number; end: number }): Promise<Readable> {
    return this.#here(id, () => this.#local.open(id, range));
  }

  file(id: string): Promise<string | null> {
    return this.#here(id, () => this.#local.file(id));
  }

  delete(ids: readonly string[], putBefore?: number): Promise<void> {
    return this.#local.delete(ids, putBefore);
  }

  old(before: number, limit: number, after?: string | null): Promise<string[]> {
    return this.#local.old(before, limit, after);
  }

  /** The node closes its own. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** What a payload links to is here, as far as anybody has it; what nobody has is its handler's to miss. */
  async gather(payload: string): Promise<void> {
    const ids = new Set([...payload.matchAll(LINKS)].map((match) => match[1]!));
    await Promise.all([...ids].map((id) => this.stat(id).catch(() => undefined)));
  }

  async #here<T>(id: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const isMissing = error instanceof TandaError && error.code === "not_found" && ID.test(id);
      if (!isMissing) throw error;
      let fetching = this.#underWay.get(id);
      if (!fetching) {
        fetching = this.#fetch(id, error).finally(() => this.#underWay.delete(id));
        this.#underWay.set(id, fetching);
      }
      await fetching;
      return read();
    }
  }

  /** @throws `missing` when all answered and none has it, unavailable when one that may have it did not answer. */
  async #fetch(id: string, missing: TandaError): Promise<void> {
    const silent: number[] = [];
    let busy: TandaError | null = null;
    for (const peer of this.#peers) {
      try {
        if (!peer.isUp) throw peer.unavailable("it is down");
        if (await this.#fetchFrom(peer, id)) return;
      } catch (error) {
        silent.push(peer.node);
        // Of a full disk here, which no other peer mends.
        if (error instanceof TandaError && error.code === "busy") busy = error;
      }
    }
    if (busy) throw busy;
    if (silent.length === 0) throw missing;
    throw new TandaError(
      "unavailable",
      `This blob may be at node ${silent.join(", ")}, which did not answer.`,
      {
        hint: "Ask again when it is back.",
        retryAfterMs: 1000,
      },
    );
  }

  async #fetchFrom(peer: Peer, id: string): Promise<boolean> {
    const stopper = new AbortController();
    const stop = (): void => stopper.abort(new Error("the blob stood still"));
    let timer = setTimeout(stop, HEAD_WITHIN_MS);
    try {
      const path = `/v1/blobs/${id}`;
      const response = await fetch(peer.httpUrl + path, {
        headers: { [OWN_ONLY_HEADER]: "true", ...peer.credentials(path) },
        signal: stopper.signal,
      });
      if (response.status === 404) {
        await response.body?.cancel();
        return false;
      }
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw peer.unavailable(`it answers ${response.status} for a blob`);
      }
      const bytes = Readable.fromWeb(response.body as never);
      bytes.on("data", () => {
        clearTimeout(timer);
        timer = setTimeout(stop, STANDSTILL_MS);
      });
      // Until somebody reads it: listening alone would set it flowing.
      bytes.pause();
      const type = response.headers.get("content-type") ?? undefined;
      const put = await this.#local.put(bytes, { type });
      return put.id === id;
    } finally {
      clearTimeout(timer);
    }
  }
}
