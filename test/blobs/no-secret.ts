import assert from "node:assert/strict";
import { inspect } from "node:util";

/** @returns true, as what `assert.rejects` is given does. */
export function tellsNoSecret(shown: unknown, secrets: readonly string[]): true {
  const all = inspect(shown, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
  for (const secret of secrets) assert.ok(!all.includes(secret), `${secret} is in ${all.slice(0, 3000)}`);
  return true;
}
