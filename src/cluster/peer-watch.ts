/** Watches at another node, on a connection of its own, so that a slow reader holds up nothing else. */
import type { WatchFilter, WatchListener } from "../engine/engine.ts";
import { TandaError } from "../task/errors.ts";
import { isFinal } from "../task/state.ts";
import type { Peer } from "./peer.ts";

/**
 * Goes on until stopped, or until the watched task is final; waits for a node that is down. What happened meanwhile is not told,
 * but of one task its state is, when the node is back.
 */
export function watchAt(peer: Peer, filter: WatchFilter, listener: WatchListener): { stop: () => void } {
  const stopper = new AbortController();
  void follow(peer, filter, listener, stopper.signal);
  return { stop: () => stopper.abort() };
}

async function follow(
  peer: Peer,
  filter: WatchFilter,
  listener: WatchListener,
  stopped: AbortSignal,
): Promise<void> {
  const isStopped = new Promise<void>((resolve) => stopped.addEventListener("abort", () => resolve()));
  while (!stopped.aborted) {
    await Promise.race([peer.whenUp, isStopped]);
    if (stopped.aborted || !peer.isUp) return;
    const caller = peer.connect();
    try {
      for await (const event of caller.watch({ ...filter, local: true }, { signal: stopped })) {
        if (stopped.aborted) return;
        const isLast = filter.task !== undefined && event.type === "state" && isFinal(event.state);
        listener([event], isLast);
        if (isLast) return;
      }
    } catch (error) {
      // It was deleted meanwhile: nothing will be told of it any more.
      if (filter.task !== undefined && error instanceof TandaError && error.code === "not_found") {
        if (!stopped.aborted) listener([], true);
        return;
      }
    } finally {
      await caller.close({ now: true }).catch(() => undefined);
    }
    await Promise.race([isStopped, new Promise((resolve) => void setTimeout(resolve, AGAIN_MS).unref())]);
  }
}

const AGAIN_MS = 250;
