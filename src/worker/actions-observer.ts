/**
 * What may stand between a thread and the actions it loaded: a module that exports `observeActions(options)`. It is loaded before
 * the actions are, so that it may look on from their first line. Only `tanda dev --chaos` has one.
 */
import type { Action } from "../actions/check.ts";

export type ObserverModule = { readonly module: string; readonly options: unknown };

/** Gives each action back with its `run` around the user's. Everything else of it stays. */
export type ActionsObserver = (actions: ReadonlyMap<string, Action>) => ReadonlyMap<string, Action>;

export async function openObserver({ module, options }: ObserverModule): Promise<ActionsObserver> {
  const { observeActions } = (await import(module)) as {
    observeActions?: (options: unknown) => ActionsObserver;
  };
  if (typeof observeActions !== "function") throw new Error(`${module} exports no observeActions`);
  return observeActions(options);
}
