/** Asks a person for a payload: a field for each property of the action's JSON Schema. */
import { confirm, isCancel, select, text } from "@clack/prompts";
import { visibleLine } from "../protocol/visible.ts";
import type { Say } from "./shell-messages.ts";

/** As much of JSON Schema as a form can use; anything else is asked for as JSON. */
export type FormSchema = {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, FormSchema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: FormSchema;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** The person wants out of the form. */
export const LEFT = Symbol("left");

export async function askPayload(schema: FormSchema | undefined, label: string, say: Say): Promise<unknown> {
  if (schema?.type === "object" && schema.properties) return askObject(schema, label, say);
  return askField(label, schema ?? {}, schema !== undefined, say);
}

async function askObject(schema: FormSchema, label: string, say: Say): Promise<unknown> {
  const entries: [string, unknown][] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const isNeeded = schema.required?.includes(name) === true && field.default === undefined;
    const value = await askField(`${label} · ${field.title ?? name}`, field, isNeeded, say);
    if (value === LEFT) return LEFT;
    if (value !== undefined) entries.push([name, value]);
  }
  // Names from outside: "__proto__" too becomes an ordinary property.
  return Object.fromEntries(entries);
}

async function askField(label: string, schema: FormSchema, isNeeded: boolean, say: Say): Promise<unknown> {
  const message = visibleLine(schema.description === undefined ? label : `${label} (${schema.description})`);
  if (schema.enum) {
    const options = schema.enum.map((value) => ({ value, label: visibleLine(String(value)) }));
    const chosen = await select<unknown>({
      message: `${message} · ${say("keysOfList")}`,
      options,
      initialValue: schema.default,
      showInstructions: false,
    });
    return isCancel(chosen) ? LEFT : chosen;
  }
  if (schema.type === "boolean") {
    const answer = await confirm({
      message,
      initialValue: schema.default === true,
      active: say("yes"),
      inactive: say("no"),
    });
    return isCancel(answer) ? LEFT : answer;
  }
  const answer = await text({
    message,
    placeholder: placeholder(schema, isNeeded, say),
    ...(schema.default === undefined ? {} : { initialValue: plain(schema.default) }),
    validate: (typed) => problemWith(typed ?? "", schema, isNeeded, say),
  });
  if (isCancel(answer)) return LEFT;
  // An empty text is a text, where one is needed.
  if ((answer ?? "") === "" && !isNeeded) return undefined;
  return parseField(answer ?? "", schema);
}

function placeholder(schema: FormSchema, isNeeded: boolean, say: Say): string {
  if (schema.type === "array") return say("listHint");
  if (schema.type === undefined || schema.type === "object") return say("payloadHint");
  return isNeeded ? "" : say("optional");
}

/** What is wrong with what was typed, in the person's language; undefined when nothing is. */
export function problemWith(
  typed: string,
  schema: FormSchema,
  isNeeded: boolean,
  say: Say,
): string | undefined {
  if (typed === "") return isNeeded && schema.type !== "string" ? say("needed") : undefined;
  if (schema.type === "number" || schema.type === "integer") {
    const value = Number(typed);
    if (typed.trim() === "" || !Number.isFinite(value)) return say("notNumber");
    if (schema.type === "integer" && !Number.isInteger(value)) return say("notWhole");
    if (schema.minimum !== undefined && value < schema.minimum)
      return say("atLeast", { limit: schema.minimum });
    if (schema.maximum !== undefined && value > schema.maximum)
      return say("atMost", { limit: schema.maximum });
    return undefined;
  }
  if (schema.type === "object" && parseJson(typed) === undefined) return say("notJson");
  if (schema.type === "array" && typed.trimStart().startsWith("[") && parseJson(typed) === undefined) {
    return say("notJson");
  }
  return undefined;
}

/** What was typed, as the schema wants it. */
export function parseField(typed: string, schema: FormSchema): unknown {
  switch (schema.type) {
    case "string":
      return typed;
    case "number":
    case "integer":
      return Number(typed);
    case "array": {
      if (typed.trimStart().startsWith("[")) return parseJson(typed);
      return typed.split(",").map((part) => parseField(part.trim(), schema.items ?? {}));
    }
    default: {
      const value = parseJson(typed);
      return value === undefined ? typed : value;
    }
  }
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parseJson(typed: string): unknown {
  try {
    return JSON.parse(typed) as unknown;
  } catch {
    return undefined;
  }
}
