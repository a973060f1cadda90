/** Brings in a user's actions file, beside the built-in ones. A thread calls this once; a new thread sees the file anew. */
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TandaError } from "../task/errors.ts";
import { builtinActions } from "./builtin.ts";
import { checkActions, type Action } from "./check.ts";

/** @param file TypeScript or JavaScript, or null for the built-in actions alone. A name in it wins over a built-in one. */
export async function loadActions(file: string | null): Promise<Map<string, Action>> {
  const actions = checkActions(builtinActions, "built-in");
  if (file === null) return actions;
  const path = resolve(file);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    throw new TandaError("bad_request", `${path} did not load: ${tell(error)}`, { cause: error });
  }
  for (const [name, action] of checkActions(module.default, basename(path))) actions.set(name, action);
  return actions;
}

/** A syntax error's stack begins with the place; any other error's first line is its name and message. */
function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SyntaxError && error.stack) {
    const place = error.stack.split("\n", 1)[0] ?? "";
    if (/:\d+$/.test(place)) return `${error.message} (${place})`;
  }
  return `${error.name === "Error" ? "" : `${error.name}: `}${error.message}`;
}
