/** The protocol for people at `nc`: `upper hola` is answered `HOLA`. */
import type { ErrorBody } from "../task/errors.ts";
import { payloadText } from "./request.ts";
import { isVisible, visible } from "./visible.ts";

export type InlineRequest =
  | { readonly type: "run"; readonly action: string; readonly rest: string }
  | { readonly type: "help" | "actions" | "ping" }
  | { readonly type: "auth"; readonly token: string }
  | { readonly type: "bye"; readonly word: string };

const FORM = /^\s*(\S+)(?:\s([^]*))?$/;

/** @returns null for a line of blanks. */
export function parseInline(line: string): InlineRequest | null {
  const match = FORM.exec(line);
  if (!match) return null;
  const word = match[1]!;
  const rest = match[2]?.trim() ?? "";
  if (word === "auth" && rest !== "") return { type: "auth", token: rest };
  if (rest === "") {
    if (word === "PING") return { type: "ping" };
    if (word === "help" || word === "actions") return { type: word };
    if (word === "salir" || word === "exit" || word === "quit") return { type: "bye", word };
  }
  return { type: "run", action: word, rest };
}

/**
 * The payload of an inline line, as JSON text. A rest that parses as JSON is JSON, unless the action takes text and
 * it is something else. @throws bad_request
 */
export function inlinePayload(rest: string, takesText: boolean): string {
  const value = parsedOrUndefined(rest);
  if (value === undefined) return takesText || rest !== "" ? JSON.stringify(rest) : "null";
  return takesText && typeof value !== "string" ? JSON.stringify(rest) : payloadText(value);
}

/** Whether it makes a difference that the action takes text: else it need not be asked. */
export function dependsOnTakingText(rest: string): boolean {
  if (rest === "") return true;
  const value = parsedOrUndefined(rest);
  return value !== undefined && typeof value !== "string";
}

function parsedOrUndefined(rest: string): unknown {
  try {
    return JSON.parse(rest) as unknown;
  } catch {
    return undefined;
  }
}

/** Does a JSON Schema ask for a text? */
export function takesText(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && (schema as { type?: unknown }).type === "string";
}

/** @param result JSON text. @returns one line: a text as it stands, unless it would break the line. */
export function renderInline(result: string): string {
  if (!result.startsWith('"')) return visible(result);
  const text = JSON.parse(result) as string;
  // Control characters could move a person's cursor.
  return text.includes("\n") || !isVisible(text) ? visible(result) : text;
}

export function renderInlineError(error: ErrorBody): string {
  const text = `error: ${error.code}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`;
  return visible(text.replaceAll(/\s+/g, " "));
}

export const INLINE_HELP =
  'ACTION REST runs an action, as in: upper hola | actions lists them | PING | auth TOKEN | exit says goodbye | or JSON: {"id":1,"action":"upper","payload":"hola"}';

export const GOODBYES: ReadonlyMap<string, string> = new Map([
  ["salir", "adiós"],
  ["exit", "bye"],
  ["quit", "bye"],
]);
