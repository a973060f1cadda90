/** The actions every node has. Texts are taken by code points, so that an emoji is one character. */
import { setTimeout as delay } from "node:timers/promises";
import type { ActionTable, BlobHandle, Context } from "./define.ts";
import type { SchemaResult, StandardSchema } from "./standard-schema.ts";

const MOST_SLEEP_MS = 86_400_000;
const MOST_FIB = 50;
/** A text is held in memory, and its answer too: some times this, of the 512 MB a thread has. */
const MOST_TEXT_BYTES = 32 * 1024 * 1024;

const plainText = schemaOf<string>(
  { type: "string" },
  (value) => typeof value === "string",
  "a text is wanted",
  'Send a JSON string, such as "hola".',
);
/** A text too large for a line comes as a blob; it is a text all the same. */
const text: StandardSchema<string> = {
  "~standard": {
    ...plainText["~standard"],
    validate: (value) => (isBlob(value) ? readText(value) : plainText["~standard"].validate(value)),
  },
};
const numbers = schemaOf<number[]>(
  { type: "array", items: { type: "number" }, minItems: 1 },
  (value) => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number"),
  "a list of numbers is wanted",
  "Send a JSON array with at least one number, such as [1, 2, 3.5].",
);
const milliseconds = schemaOf<number>(
  { type: "number", minimum: 0, maximum: MOST_SLEEP_MS },
  (value) => typeof value === "number" && value >= 0 && value <= MOST_SLEEP_MS,
  "a number of milliseconds is wanted",
  `Send a number from 0 to ${MOST_SLEEP_MS}, such as 250.`,
);
const position = schemaOf<number>(
  { type: "integer", minimum: 0, maximum: MOST_FIB },
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_FIB,
  "a whole number is wanted",
  `Send a number from 0 to ${MOST_FIB}, such as 30.`,
);
const anyText = tellOnly({ type: "string" });
const anyNumber = tellOnly({ type: "number" });

export const builtinActions = {
  echo: { description: "Gives back what it gets.", run: (payload: unknown) => payload },
  upper: {
    description: "The text in capitals.",
    input: text,
    output: anyText,
    run: (payload: string) => payload.toUpperCase(),
  },
  reverse: {
    description: "The text backwards.",
    input: text,
    output: anyText,
    run: reverse,
  },
  count: {
    description: "How many characters the text has.",
    input: text,
    output: anyNumber,
    run: countCharacters,
  },
  letters: {
    description: "How many letters the text has.",
    input: text,
    output: anyNumber,
    run: countLetters,
  },
  average: {
    description: "The average of the numbers.",
    input: numbers,
    output: anyNumber,
    run: average,
  },
  sleep: {
    description: "Waits so many milliseconds, then answers how many.",
    input: milliseconds,
    output: anyNumber,
    concurrency: 1000,
    run: (payload: number, { signal }: Context) => delay(payload, payload, { signal }),
  },
  fib: {
    description: "The n-th Fibonacci number, the slow way: keeps a core busy.",
    input: position,
    output: anyNumber,
    run: (payload: number) => fib(payload),
  },
} satisfies ActionTable;

// A list of a large text's characters would take ten times its memory: hence no Array.from and no match of all.

function reverse(payload: string): string {
  const pieces: string[] = [];
  for (let end = payload.length; end > 0;) {
    let from = Math.max(0, end - 65_536);
    // Between the two halves of one character is no place to cut.
    if (from > 0 && (payload.charCodeAt(from) & 0xfc00) === 0xdc00) from--;
    pieces.push(Array.from(payload.slice(from, end)).toReversed().join(""));
    end = from;
  }
  return pieces.join("");
}

function countCharacters(payload: string): number {
  let count = 0;
  for (const _character of payload) count++;
  return count;
}

function countLetters(payload: string): number {
  const letter = /\p{L}/gu;
  let count = 0;
  while (letter.test(payload)) count++;
  return count;
}

function isBlob(value: unknown): value is BlobHandle {
  return typeof value === "object" && value !== null && typeof (value as BlobHandle).text === "function";
}

async function readText(blob: BlobHandle): Promise<SchemaResult<string>> {
  if (blob.bytes <= MOST_TEXT_BYTES) return { value: await blob.text() };
  const message = `a text of up to ${MOST_TEXT_BYTES} bytes is wanted, not of ${blob.bytes}`;
  const issue = { message, hint: "An action of your own can read it as a stream." };
  return { issues: [issue] };
}

/** By the sum, which is exact for whole numbers; where that is beyond what a number can be, by parts. */
function average(payload: number[]): number {
  const mean = payload.reduce((sum, item) => sum + item, 0) / payload.length;
  return Number.isFinite(mean) ? mean : payload.reduce((sum, item) => sum + item / payload.length, 0);
}

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/** A Standard Schema by hand: one check, and the JSON Schema that says the same. */
function schemaOf<T>(
  json: Record<string, unknown>,
  isFine: (value: unknown) => boolean,
  wanted: string,
  hint: string,
): StandardSchema<T> {
  const validate = (value: unknown): SchemaResult<T> => {
    if (isFine(value)) return { value: value as T };
    const issue = { message: `${wanted}, not ${nameOf(value)}${range(json, value)}`, hint };
    return { issues: [issue] };
  };
  return { "~standard": { version: 1, vendor: "tanda", validate, ...converter(json) } };
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (typeof value === "object") return Array.isArray(value) ? "this list" : "an object";
  return `a ${typeof value}`;
}

function range(json: Record<string, unknown>, value: unknown): string {
  return typeof value === "number" && json["maximum"] !== undefined
    ? ` outside ${json["minimum"] as number} … ${json["maximum"] as number}`
    : "";
}

/** For what the code beside it plainly keeps: told, never checked. */
function tellOnly<T>(json: Record<string, unknown>): StandardSchema<T> {
  const validate = (value: unknown): { value: T } => ({ value: value as T });
  return { "~standard": { version: 1, vendor: "tanda", validate, ...converter(json) } };
}

function converter(json: Record<string, unknown>): object {
  return { jsonSchema: { input: () => json, output: () => json } };
}
