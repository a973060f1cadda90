import { TandaError } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";

/** Which actions there are: those served now, and those ever announced, which may come back. */
export class Catalogue {
  readonly #known = new Map<string, ActionInfo>();
  #served = new Set<string>();
  #servedElsewhere: ReadonlySet<string> = new Set();
  readonly #unservedSince = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds that never run backwards. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  remember(actions: readonly ActionInfo[]): void {
    for (const action of actions) this.#known.set(action.name, action);
    this.#noteUnserved();
  }

  /** Exactly these are served from now on. */
  serve(actions: readonly ActionInfo[]): void {
    this.#served = new Set(actions.map((action) => action.name));
    this.remember(actions);
  }

  /** @throws unknown_action, with the nearest name as a hint. */
  find(name: string): ActionInfo {
    const action = this.#known.get(name);
    if (action) return action;
    const near = [...this.#known.keys()].find((known) => isNear(known, name));
    throw new TandaError("unknown_action", `There is no action ${JSON.stringify(name.slice(0, 100))}.`, {
      hint: near ? `Did you mean ${JSON.stringify(near)}?` : "`actions` lists what there is.",
    });
  }

  /** By other processes that share our store. */
  serveElsewhere(names: ReadonlySet<string>): void {
    this.#servedElsewhere = names;
    this.#noteUnserved();
  }

  /** For how long nobody has served it, as far as this process knows; 0 when somebody does. */
  unservedMs(name: string, now: number): number {
    const since = this.#unservedSince.get(name);
    return since === undefined ? 0 : now - since;
  }

  #noteUnserved(): void {
    const now = this.#now();
    for (const name of this.#known.keys()) {
      if (this.isServed(name)) this.#unservedSince.delete(name);
      else if (!this.#unservedSince.has(name)) this.#unservedSince.set(name, now);
    }
  }

  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  /** No more than so many of it run at once in a worker. */
  isLimited(name: string): boolean {
    return (this.#known.get(name)?.concurrency ?? null) !== null;
  }

  isServed(name: string): boolean {
    return this.#served.has(name) || this.#servedElsewhere.has(name);
  }

  isServedHere(name: string): boolean {
    return this.#served.has(name);
  }

  servedHere(): string[] {
    return [...this.#served];
  }

  all(): ActionInfo[] {
    return [...this.#known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** One letter more, less, other or swapped. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - from && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const left = a.slice(from, a.length - end);
  const right = b.slice(from, b.length - end);
  return (
    (left.length <= 1 && right.length <= 1) ||
    (left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0])
  );
}
