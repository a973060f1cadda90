import type { ScopeWord } from "../protocol/scopes.ts";
import { TandaError } from "../task/errors.ts";

export function mayNot(word: ScopeWord): TandaError {
  return new TandaError("forbidden", `this token does not allow ${word}`, {
    hint: `Ask for one that may: \`tanda token create --ops ${word}\`, or --all.`,
  });
}

export function mayNotUse(what: "action" | "queue", name: string): TandaError {
  return new TandaError(
    "forbidden",
    `this token does not allow the ${what} ${JSON.stringify(name.slice(0, 60))}`,
    {
      hint: `Ask for one that may: \`tanda token create --${what}s …\`.`,
    },
  );
}
