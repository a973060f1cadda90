/** Where two JSON values first differ, in the order of sorted keys. */
export type Difference = {
  /** As in `$.lines[2].total`; `$` is the whole. */
  readonly path: string;
  readonly first: unknown;
  readonly second: unknown;
};

/** Null when they are the same. A kept blob is compared by its size: each time it is kept it gets another id. */
export function firstDifference(first: unknown, second: unknown, path = "$"): Difference | null {
  if (Object.is(first, second)) return null;
  if (Array.isArray(first) && Array.isArray(second)) {
    for (let at = 0; at < Math.max(first.length, second.length); at++) {
      const found = firstDifference(first[at], second[at], `${path}[${at}]`);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isObject(first) || !isObject(second)) return { path, first, second };
  const keys = new Set([...Object.keys(first), ...Object.keys(second)]);
  if (Object.hasOwn(first, "$blob") && Object.hasOwn(second, "$blob")) keys.delete("$blob");
  for (const key of [...keys].sort()) {
    const found = firstDifference(ownOf(first, key), ownOf(second, key), `${path}${stepTo(key)}`);
    if (found !== null) return found;
  }
  return null;
}

function ownOf(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function stepTo(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
