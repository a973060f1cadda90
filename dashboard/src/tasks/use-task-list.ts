/** A list that grows at its end while one scrolls, and at its beginning while tasks come. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { useToldAt } from "../offline/age.ts";
import { leftAt, useListMemory } from "./list-memory.tsx";
import { toListFilter, type Filter } from "./filter.ts";

export const PAGE = 100;
const AGAIN_MS = 2000;
const MOST_AT_TOP = 5 * PAGE;

export type TaskList = {
  readonly tasks: readonly TaskView[];
  /** Came since, and are not among them while one reads further down. */
  readonly newer: number;
  readonly isComplete: boolean;
  readonly isLoaded: boolean;
  readonly error: Error | null;
  readonly more: () => void;
  /** From the top on, since much has changed. */
  readonly again: () => void;
};

/** `at`: when the newest of it was told. */
export type Loaded = { tasks: readonly TaskView[]; newer: number; next: string | null; at: number };

/**
 * @param isLive while true, what is newest is asked for again and again.
 * @param isAtTop else what comes is only counted: a list must not move under whoever reads it.
 */
export function useTaskList(filter: Filter, isLive: boolean, isAtTop: boolean): TaskList {
  const { client, refused } = useConnection();
  const name = JSON.stringify(filter);
  const memory = useListMemory();
  const [loaded, setLoaded] = useState(() =>
    memory.current?.filter === name ? memory.current.loaded : null,
  );
  const [error, setError] = useState<Error | null>(null);
  const isAsking = useRef(false);
  // What could not be had is asked for once more.
  const [tries, setTries] = useState(0);

  const ask = useCallback(
    async (cursor: string | null) => {
      try {
        const page = await client.$.list(toListFilter(JSON.parse(name) as Filter, PAGE, cursor));
        setError(null);
        return page;
      } catch (thrown) {
        refused(thrown);
        setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
        return null;
      }
    },
    [client, name, refused],
  );

  const asked = useRef(ask);
  useEffect(() => {
    if (asked.current === ask) return;
    asked.current = ask;
    setLoaded(null);
    isAsking.current = false;
  }, [ask]);
  useEffect(() => {
    memory.current = loaded === null ? null : { filter: name, loaded, scrollTop: leftAt(memory, name) };
  }, [memory, name, loaded]);

  const isFirst = loaded === null;
  const hasNewer = useRef(false);
  hasNewer.current = loaded !== null && loaded.newer > 0;
  useEffect(() => {
    if (!isFirst && !isLive) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const page = document.hidden && !isFirst ? null : await ask(null);
      if (isOver) return;
      if (page !== null) setLoaded((before) => renewed(before, page, isAtTop));
      timer = setTimeout(() => void look(), AGAIN_MS);
    };
    // At once at first, and when one comes back to the top.
    timer = setTimeout(() => void look(), isFirst || (isAtTop && hasNewer.current) ? 0 : AGAIN_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [ask, isFirst, isLive, isAtTop]);

  useToldAt(loaded?.at ?? null, isLive ? AGAIN_MS : Infinity);
  const next = loaded?.next ?? null;
  const more = useCallback(() => {
    if (isAsking.current || next === null) return;
    isAsking.current = true;
    void ask(next).then((page) => {
      isAsking.current = false;
      if (page === null) {
        setTimeout(() => setTries((before) => before + 1), AGAIN_MS);
        return;
      }
      setLoaded((before) =>
        // The list may have begun anew meanwhile.
        before?.next === next
          ? { ...before, tasks: merged(before.tasks, page.tasks), next: page.next }
          : before,
      );
    });
  }, [ask, next, tries]);

  // A node looks through so many tasks for one page, and where few match a page may be short, or empty, with more behind it.
  const count = loaded?.tasks.length ?? 0;
  useEffect(() => {
    if (count < PAGE) more();
  }, [count, more]);

  return {
    tasks: loaded?.tasks ?? [],
    newer: loaded?.newer ?? 0,
    isComplete: loaded !== null && next === null,
    isLoaded: loaded !== null,
    error,
    more,
    again: useCallback(() => setLoaded(null), []),
  };
}

function renewed(
  before: Loaded | null,
  page: { tasks: readonly TaskView[]; next: string | null },
  isAtTop: boolean,
): Loaded {
  const at = Date.now();
  const begun = { tasks: page.tasks, newer: 0, next: page.next, at };
  if (before === null) return begun;
  const known = new Set(before.tasks.map(({ task }) => task));
  const fresh = page.tasks.filter(({ task }) => !known.has(task));
  if (!isAtTop) {
    const again = page.tasks.filter(({ task }) => known.has(task));
    return { ...before, at, tasks: merged(before.tasks, again), newer: fresh.length };
  }
  // More came than one page holds: between the page and what is shown would be a gap. And who stays at the top all week must not
  // gather a week's tasks.
  if (fresh.length === PAGE || before.tasks.length > MOST_AT_TOP) return begun;
  // As far down as the page reaches, what it does not tell of is no longer as the filter wants it.
  const last = page.tasks.at(-1)?.task;
  const below =
    page.next === null ? [] : before.tasks.filter(({ task }) => last === undefined || task < last);
  return {
    ...before,
    at,
    tasks: merged(below, page.tasks),
    newer: 0,
    next: page.next === null ? null : before.next,
  };
}

/** Newest first, each once, as it was told last. */
function merged(before: readonly TaskView[], told: readonly TaskView[]): TaskView[] {
  const byId = new Map(before.map((task) => [task.task, task]));
  for (const task of told) byId.set(task.task, task);
  return [...byId.values()].sort((a, b) => (a.task < b.task ? 1 : -1));
}
