/** Holds a payload or a result to its schema. Answers at once when the schema does; handlers of short tasks pay no promise. */
import { TandaError } from "../task/errors.ts";
import type { AnySchema } from "./define.ts";
import type { SchemaIssue, SchemaResult } from "./standard-schema.ts";

/** @returns what the schema makes of it. @throws invalid_input with the path of the first thing wrong. */
export function validateInput(schema: AnySchema, payload: unknown): unknown {
  return settle(schema["~standard"].validate(payload), invalidInput);
}

/** @throws task_error: the handler broke its own promise. */
export function validateOutput(schema: AnySchema, result: unknown): unknown {
  return settle(schema["~standard"].validate(result), (issues) => {
    const { message, path } = describe(issues);
    return new TandaError(
      "task_error",
      `the result does not fit the action's output schema: ${message}`,
      path === undefined ? {} : { path },
    );
  });
}

function settle(
  checked: SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
  refuse: (issues: readonly SchemaIssue[]) => TandaError,
): unknown {
  if (checked instanceof Promise) return checked.then((result) => settle(result, refuse));
  if (checked.issues) throw refuse(checked.issues);
  return checked.value;
}

function invalidInput(issues: readonly SchemaIssue[]): TandaError {
  const { message, path } = describe(issues);
  const own = (issues[0] as { hint?: unknown } | undefined)?.hint;
  const more = issues.length > 1 ? `${issues.length} things are wrong; this is the first.` : undefined;
  const hint = typeof own === "string" ? own : more;
  return new TandaError("invalid_input", path === undefined ? message : `${path}: ${message}`, {
    ...(path === undefined ? {} : { path }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function describe(issues: readonly SchemaIssue[]): { message: string; path: string | undefined } {
  const first = issues[0];
  const path = first?.path?.length ? formatPath(first.path) : undefined;
  return { message: first?.message ?? "it does not fit the schema", path };
}

/** `items[2].url`; a key that is no plain word is quoted. */
export function formatPath(path: NonNullable<SchemaIssue["path"]>): string {
  let text = "";
  for (const segment of path) {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number" || (typeof key === "string" && /^\d+$/.test(key))) text += `[${key}]`;
    else if (typeof key === "string" && !/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key))
      text += `[${JSON.stringify(key)}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}
