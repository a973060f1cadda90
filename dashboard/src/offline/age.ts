/** When what is on the page was told: the oldest of it, since a part that is old makes all of it old. */
import { useEffect, useSyncExternalStore } from "react";

const told = new Map<symbol, number>();
const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

/** @param at when this part of the page was told, epoch milliseconds; null: nothing is shown yet. */
export function useToldAt(at: number | null): void {
  useEffect(() => {
    if (at === null) return;
    const part = Symbol("part");
    told.set(part, at);
    changed();
    return () => {
      told.delete(part);
      changed();
    };
  }, [at]);
}

/** Null when nothing is shown that could be old. */
export function useOldest(): number | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => (told.size === 0 ? null : Math.min(...told.values())),
  );
}
