/** The actions, as they were told last: who opens the page without a network can still fill something in and send it. */
import { useEffect, useState } from "react";
import type { Client } from "../../../src/client/browser.ts";
import type { ActionView } from "../../../src/protocol/messages.ts";
import { useLive } from "../live.ts";
import { useToldAt } from "../offline/age.ts";

const KEPT = "tanda.actions";
type Kept = { readonly at: number; readonly actions: readonly ActionView[] };

const ask = ({ $ }: Client): Promise<ActionView[]> => $.actions();

export function useActions(): { actions: readonly ActionView[] | null; error: Error | null } {
  const [before] = useState(read);
  const { value, error, at } = useLive(ask, 10_000);
  useEffect(() => {
    if (value !== null && at !== null) keep({ at, actions: value });
  }, [value, at]);
  const isOld = value === null && before !== null;
  useToldAt(isOld ? before.at : null);
  return { actions: isOld ? before.actions : value, error };
}

function read(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

function keep(kept: Kept): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // No room, since schemas are large or much waits to be sent: that may stay.
  }
}
