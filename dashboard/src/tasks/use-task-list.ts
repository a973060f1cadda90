/** A list that grows at its end while one scrolls, and at its beginning while tasks come. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { toListFilter, type Filter } from "./filter.ts";

const PAGE = 100;
const AGAIN_MS = 2000;

export type TaskList = {
  readonly tasks: readonly TaskView[];
  readonly isComplete: boolean;
  readonly isLoaded: boolean;
  readonly error: Error | null;
  readonly more: () => void;
};

/** @param isLive while true, what is newest is asked for again and again. */
export function useTaskList(filter: Filter, isLive: boolean): TaskList {
  const { client, refused } = useConnection();
  const [tasks, setTasks] = useState<readonly TaskView[]>([]);
  const [isComplete, setComplete] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const next = useRef<string | null>(null);
  const isAsking = useRef(false);
  const name = JSON.stringify(filter);

  const ask = useCallback(
    async (cursor: string | null) => {
      const asked = JSON.parse(name) as Filter;
      try {
        const page = await client.$.list(toListFilter(asked, PAGE, cursor));
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

  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setTasks([]);
    setComplete(false);
    setLoaded(false);
    next.current = null;
    const look = async (isFirst: boolean): Promise<void> => {
      const page = document.hidden && !isFirst ? null : await ask(null);
      if (isOver) return;
      if (page !== null) {
        setLoaded(true);
        setTasks((before) => (isFirst ? page.tasks : renewed(before, page.tasks)));
        if (isFirst) {
          next.current = page.next;
          setComplete(page.next === null);
        }
      }
      if (isLive) timer = setTimeout(() => void look(isFirst && page === null), AGAIN_MS);
    };
    void look(true);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [ask, isLive]);

  const more = useCallback(() => {
    if (isAsking.current || next.current === null) return;
    isAsking.current = true;
    void ask(next.current).then((page) => {
      isAsking.current = false;
      if (page === null) return;
      next.current = page.next;
      setComplete(page.next === null);
      setTasks((before) => renewed(before, page.tasks));
    });
  }, [ask]);

  return { tasks, isComplete, isLoaded, error, more };
}

/** Newest first, each once, as it was told last. */
function renewed(before: readonly TaskView[], told: readonly TaskView[]): TaskView[] {
  const byId = new Map(before.map((task) => [task.task, task]));
  for (const task of told) byId.set(task.task, task);
  return [...byId.values()].sort((a, b) => (a.task < b.task ? 1 : -1));
}
