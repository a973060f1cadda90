/** What happened again when a task ran again, and could not be seen to be a repeat by whom it happened to. Pure. */
import type { Effect, FileLeft } from "./observed.ts";

export type Repeated =
  | { readonly kind: "request"; readonly method: string; readonly url: string; readonly hadTokens: boolean }
  | { readonly kind: "submit"; readonly action: string; readonly hadTokens: boolean }
  /** One path, left with other contents; or another path each time. */
  | { readonly kind: "file"; readonly first: FileLeft; readonly second: FileLeft }
  /** Nobody here can see whether it does harm. */
  | { readonly kind: "process"; readonly command: string }
  | { readonly kind: "connection"; readonly to: string };

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** Twice the same of these is as good as once: RFC 9110, 9.2.2. */
const IDEMPOTENT = new Set(["PUT", "DELETE"]);

/** @param before of all runs of the task so far, `now` of the one after them. */
export function repeatedEffects(before: readonly Effect[], now: readonly Effect[]): Repeated[] {
  const left = [...before];
  const take = (isMatch: (effect: Effect) => boolean): Effect | undefined => {
    const at = left.findIndex(isMatch);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  // Those to the very same place are paired first, then those that differ by an id in the URL, say.
  const rest: Effect[] = [];
  const repeated: (Repeated | null)[] = [];
  for (const effect of now) {
    const pair = take((other) => placeOf(other) === placeOf(effect) && tokenOf(other) === tokenOf(effect));
    if (pair === undefined) rest.push(effect);
    else repeated.push(judged(pair, effect));
  }
  for (const effect of rest) {
    const pair =
      take((other) => placeOf(other) === placeOf(effect)) ??
      take((other) => neighbourhoodOf(other) === neighbourhoodOf(effect));
    if (pair !== undefined) repeated.push(judged(pair, effect));
  }
  return repeated.filter((each) => each !== null);
}

function tokenOf(effect: Effect): string | null {
  return "token" in effect ? effect.token : null;
}

function placeOf(effect: Effect): string {
  switch (effect.kind) {
    case "request":
      return `${effect.method} ${effect.url}`;
    case "submit":
      return `submit ${effect.action}`;
    case "process":
      return `process ${effect.command}`;
    case "connection":
      return `connection ${effect.to}`;
  }
}

function neighbourhoodOf(effect: Effect): string {
  if (effect.kind !== "request") return placeOf(effect);
  return `${effect.method} ${/^\w+:\/\/[^/]*/.exec(effect.url)?.[0] ?? effect.url}`;
}

/** Null when it does no harm. */
function judged(first: Effect, second: Effect): Repeated | null {
  if (second.kind === "process") return second.namesTask ? null : second;
  if (second.kind === "connection") return second;
  const tokens = [tokenOf(first), tokenOf(second)];
  if (tokens[0] !== null && tokens[0] === tokens[1]) return null;
  const hadTokens = tokens.every((token) => token !== null);
  if (second.kind === "submit") return { kind: "submit", action: second.action, hadTokens };
  const { method, url } = second;
  if (SAFE.has(method) || (second.namesTask && !hadTokens) || first.kind !== "request") return null;
  if (IDEMPOTENT.has(method) && url === first.url && second.body === first.body) return null;
  return { kind: "request", method, url, hadTokens };
}

/** @param before what the first whole run left, `now` what the second did. */
export function differingFiles(before: readonly FileLeft[], now: readonly FileLeft[]): Repeated[] {
  const differing: Repeated[] = [];
  const others = before.filter(({ path }) => !now.some((file) => file.path === path));
  for (const second of now) {
    const same = before.find(({ path }) => path === second.path);
    // A path that the first run did not have stands for one that only that run had.
    const first = same ?? others.shift();
    if (first === undefined) continue;
    if (same === undefined || first.hash !== second.hash || first.bytes !== second.bytes)
      differing.push({ kind: "file", first, second });
  }
  return differing;
}
