/** What of JSON Schema the form understands; the rest is edited as JSON in its place. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
};

export type Kind = "choice" | "text" | "number" | "integer" | "yesNo" | "object" | "list" | "json";

/** A value or null is what it is besides null. */
function withoutNull(schema: Schema): Schema {
  const those = (schema.anyOf ?? schema.oneOf)?.filter(({ type }) => type !== "null");
  return those?.length === 1 ? { ...schema, ...those[0] } : schema;
}

export function kindOf(given: Schema): Kind {
  const schema = withoutNull(given);
  if (schema.enum !== undefined || schema.const !== undefined) return "choice";
  const { type, properties, items } = schema;
  const one = Array.isArray(type) ? type.filter((name) => name !== "null") : [type];
  if (one.length > 1) return "json";
  switch (one[0]) {
    case "string":
      return "text";
    case "number":
    case "integer":
      return one[0];
    case "boolean":
      return "yesNo";
    case "array":
      return items === undefined ? "json" : "list";
    case "object":
      return properties === undefined ? "json" : "object";
    default:
      return properties === undefined ? "json" : "object";
  }
}

export function choicesOf(given: Schema): unknown[] {
  const schema = withoutNull(given);
  return schema.enum ?? [schema.const];
}

export function partsOf(given: Schema): Pick<Schema, "properties" | "required" | "items"> {
  return withoutNull(given);
}

/** A form can be made of it, and it is not merely one field of JSON. */
export function hasForm(schema: Schema): boolean {
  return kindOf(schema) !== "json";
}

/** A value to begin with: what is needed, and what the schema says is usual. */
export function firstValue(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  switch (kindOf(schema)) {
    case "choice":
      return choicesOf(schema)[0];
    case "object": {
      const { properties = {}, required = [] } = partsOf(schema);
      const filled = Object.entries(properties).filter(
        ([name, one]) => required.includes(name) || one.default !== undefined,
      );
      return Object.fromEntries(filled.map(([name, one]) => [name, firstValue(one)]));
    }
    case "list":
      return [];
    case "text":
      return "";
    case "number":
    case "integer":
      return schema.minimum ?? 0;
    case "yesNo":
      return false;
    case "json":
      return null;
  }
}
