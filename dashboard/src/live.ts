/** Something of the node, asked for again and again while somebody looks. */
import { useEffect, useRef, useState } from "react";
import { TandaError, type Client } from "../../src/client/browser.ts";
import { useConnection } from "./connection.tsx";
import { useToldAt } from "./offline/age.ts";

export type Live<T> = {
  readonly value: T | null;
  /** Why the latest could not be had; what is shown is older then. */
  readonly error: Error | null;
  /** When it was told, epoch milliseconds. */
  readonly at: number | null;
};

/**
 * @param ask must not change from one drawing to the next unless something else is meant: then what was shown is dropped.
 * @param everyMs between an answer and the next question; nothing is asked while the tab is hidden.
 */
export function useLive<T>(ask: (client: Client) => Promise<T>, everyMs: number): Live<T> {
  const { client, refused } = useConnection();
  const [live, setLive] = useState<Live<T>>({ value: null, error: null, at: null });
  const asked = useRef(ask);
  if (asked.current !== ask) {
    asked.current = ask;
    setLive({ value: null, error: null, at: null });
  }
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let isRefused = false;
    const again = async (): Promise<void> => {
      isAsking = true;
      try {
        const value = await ask(client);
        if (!isOver) setLive({ value, error: null, at: Date.now() });
      } catch (thrown) {
        refused(thrown);
        // What the token does not allow it will not allow the next time.
        isRefused = thrown instanceof TandaError && thrown.code === "forbidden";
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        if (!isOver) setLive((before) => ({ ...before, error }));
      }
      isAsking = false;
      if (!isOver && !isRefused && !document.hidden) timer = setTimeout(() => void again(), everyMs);
    };
    const look = (): void => {
      clearTimeout(timer);
      // A slow answer is awaited: a second question would only make it slower.
      if (!document.hidden && !isAsking && !isRefused) void again();
    };
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [client, ask, everyMs, refused]);
  useToldAt(live.at, everyMs);
  return live;
}
