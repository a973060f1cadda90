/** From what a user wrote to what runs: every definition is checked once, with an error that says where and what to write. */
import { checkName } from "../protocol/options.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { parseBackoff, type BackoffOption } from "../task/retry.ts";
import { DEFAULT_POLICY, NORMAL, PRIORITIES, type ActionInfo } from "../task/task.ts";
import type { PriorityLevel } from "../task/task.ts";
import type { AnySchema, Context } from "./define.ts";
import { jsonSchemaOf } from "./json-schema.ts";

/** An action as a thread holds it. */
export type Action = {
  readonly info: ActionInfo;
  readonly input: AnySchema | undefined;
  readonly output: AnySchema | undefined;
  readonly run: (payload: unknown, context: Context) => unknown;
};

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,99}$/u;
const MOST = { attempts: 1000, losses: 1000, concurrency: 100_000 };
const WORDS = new Set(
  "run input output description queue priority attempts losses backoff timeout expires concurrency retention".split(
    " ",
  ),
);
type Words = Readonly<Record<string, unknown>>;

/** @param source names the file in errors. @throws bad_request */
export function checkActions(table: unknown, source: string): Map<string, Action> {
  const EXAMPLE = "export default { hello: { run: (name) => `hello ${name}` } };";
  if (!isObject(table)) {
    throw new TandaError("bad_request", `${source} has no object of actions as its default export`, {
      hint: `Write: ${EXAMPLE}`,
    });
  }
  const actions = new Map<string, Action>();
  for (const [name, definition] of Object.entries(table)) {
    const where = `${source}: action ${JSON.stringify(name)}`;
    if (!NAME.test(name)) {
      throw new TandaError("bad_request", `${where} is not a good name`, {
        hint: "A name has 1 to 100 letters, digits, . _ : / - and begins with a letter or digit.",
      });
    }
    if (!isObject(definition) || typeof definition["run"] !== "function") {
      throw new TandaError("bad_request", `${where} has no \`run\` function`, { hint: `Write: ${EXAMPLE}` });
    }
    actions.set(name, checkAction(name, definition, where));
  }
  return actions;
}

function checkAction(name: string, words: Words, where: string): Action {
  for (const word of Object.keys(words)) {
    if (WORDS.has(word)) continue;
    throw new TandaError("bad_request", `${where} has an unknown option \`${word}\``, {
      hint: `Known are: ${[...WORDS].join(", ")}.`,
    });
  }
  const refuse = (word: string, wanted: string): never => {
    throw new TandaError("bad_request", `${where}: \`${word}\` must be ${wanted}`);
  };
  const count = (word: keyof typeof MOST): number | undefined => {
    const value = words[word];
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST[word])
      return value as number;
    return refuse(word, `a whole number from 1 to ${MOST[word]}`);
  };
  const duration = (word: string): number | null =>
    words[word] === undefined ? null : parseDuration(words[word], `${where}: \`${word}\``);
  const text = (word: string): string | null => {
    const value = words[word];
    if (value === undefined || (typeof value === "string" && value !== "")) return value ?? null;
    return refuse(word, "a text");
  };
  const schema = (word: string): AnySchema | undefined => {
    const value = words[word] as AnySchema | undefined;
    if (value === undefined || typeof value?.["~standard"]?.validate === "function") return value;
    return refuse(word, "a schema that speaks Standard Schema (zod, valibot, arktype …)");
  };
  const queue = text("queue") ?? "default";
  checkName(queue, `${where}: \`queue\``);
  const priority = words["priority"] === undefined ? NORMAL : PRIORITIES.indexOf(words["priority"] as never);
  if (priority < 0) refuse("priority", `one of ${PRIORITIES.join(", ")}`);
  const timeoutMs = duration("timeout") ?? DEFAULT_POLICY.timeoutMs;
  if (timeoutMs < 1) refuse("timeout", "more than 0");
  const expiresMs = duration("expires");
  if (expiresMs !== null && expiresMs < 1) refuse("expires", "more than 0");
  const backoff =
    words["backoff"] === undefined
      ? DEFAULT_POLICY.backoff
      : parseBackoff(words["backoff"] as BackoffOption, DEFAULT_POLICY.backoff, `${where}: backoff`);
  const input = schema("input");
  const output = schema("output");
  const info: ActionInfo = {
    name,
    description: text("description"),
    queue,
    priority: priority as PriorityLevel,
    policy: Object.freeze({
      attempts: count("attempts") ?? DEFAULT_POLICY.attempts,
      losses: count("losses") ?? DEFAULT_POLICY.losses,
      backoff,
      timeoutMs,
      retentionMs: duration("retention"),
    }),
    concurrency: count("concurrency") ?? null,
    expiresMs,
    input: jsonSchemaOf(input, "input"),
    output: jsonSchemaOf(output, "output"),
  };
  const run = words["run"] as Action["run"];
  return { info, input, output, run: (payload, context) => run.call(words, payload, context) };
}

function isObject(value: unknown): value is Words {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
