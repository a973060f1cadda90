/** The JSON Schema of a Standard Schema, for `actions`, OpenAPI and forms. It only informs: a library that cannot tell it is no error. */
import type { AnySchema } from "./define.ts";

const TARGET = "draft-2020-12";

type Converter = (options: { target: string }) => unknown;

/** @returns null when the schema cannot tell. */
export function jsonSchemaOf(schema: AnySchema | undefined, side: "input" | "output"): unknown {
  if (schema === undefined) return null;
  try {
    const standard = schema["~standard"] as { jsonSchema?: Partial<Record<"input" | "output", Converter>> };
    const told = standard.jsonSchema?.[side]?.({ target: TARGET }) ?? ownMethod(schema, side);
    return typeof told === "object" && told !== null ? JSON.parse(JSON.stringify(told)) : null;
  } catch {
    return null; // a transform or a custom check, say, which JSON Schema has no words for
  }
}

/** Libraries that came before the standard had words for this. */
function ownMethod(schema: AnySchema, side: "input" | "output"): unknown {
  const own = schema as { toJSONSchema?: (options: object) => unknown; toJsonSchema?: () => unknown };
  return own.toJSONSchema?.({ io: side, target: TARGET }) ?? own.toJsonSchema?.();
}
