/** The list as it was left, so that who looks at one task and goes back finds the place again. Of the last filter only. */
import { createContext, useContext, useRef, type ReactNode, type RefObject } from "react";
import type { Loaded } from "./use-task-list.ts";

/** `filter` as text. */
type Left = { readonly filter: string; readonly loaded: Loaded; scrollTop: number };
export type ListMemory = RefObject<Left | null>;

const Context = createContext<ListMemory | null>(null);

export function ListMemoryProvider({ children }: { children: ReactNode }) {
  return <Context value={useRef<Left | null>(null)}>{children}</Context>;
}

export function useListMemory(): ListMemory {
  const memory = useContext(Context);
  if (memory === null) throw new Error("There is no memory of the list around this part of the page.");
  return memory;
}

export function leftAt({ current }: ListMemory, filter: string): number {
  return current?.filter === filter ? current.scrollTop : 0;
}
