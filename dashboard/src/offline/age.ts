/** When what is on the page was told: the oldest of it, since a part that is old makes all of it old. */
import { useEffect, useSyncExternalStore } from "react";

/** `at` it was told, and `dueAt` it should have been told anew; epoch milliseconds. */
type Told = { readonly at: number; readonly dueAt: number };
export type Age = { readonly oldestAt: number; readonly dueAt: number };

const told = new Map<symbol, Told>();
const listeners = new Set<() => void>();
let age: Age | null = null;

function changed(): void {
  const all = [...told.values()];
  age =
    all.length === 0
      ? null
      : { oldestAt: Math.min(...all.map(({ at }) => at)), dueAt: Math.min(...all.map(({ dueAt }) => dueAt)) };
  for (const listener of listeners) listener();
}

/**
 * @param at when this part of the page was told; null: nothing is shown yet.
 * @param everyMs after which it is told anew, when it is.
 */
export function useToldAt(at: number | null, everyMs = Infinity): void {
  useEffect(() => {
    if (at === null) return;
    const part = Symbol("part");
    told.set(part, { at, dueAt: at + everyMs });
    changed();
    return () => {
      told.delete(part);
      changed();
    };
  }, [at, everyMs]);
}

/** Null when nothing is shown that could be old. */
export function useAge(): Age | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => age,
  );
}
