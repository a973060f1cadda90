/**
 * What can be done: users' actions. `defineActions` only adds types; a plain default-exported object works too.
 */
import type { Readable } from "node:stream";
import type { BackoffOption } from "../protocol/messages.ts";
import type { Duration } from "../task/duration.ts";
import type { Priority } from "../task/task.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "./standard-schema.ts";

/** A blob in a payload (`{"$blob": id}`) reaches the handler as this. */
export interface BlobHandle {
  readonly $blob: string;
  readonly bytes: number;
  readonly type: string;
  stream(): Promise<Readable>;
  /** Path of a local read-only file with the bytes. */
  file(): Promise<string>;
  buffer(): Promise<Buffer>;
  text(): Promise<string>;
}

export type Context = {
  /** Aborted at the deadline and by a cancel; the thread is ended a moment later. */
  readonly signal: AbortSignal;
  /** Any JSON value; watchers see the latest. */
  readonly progress: (value: unknown) => void;
  readonly log: (...words: unknown[]) => void;
  /** 1, 2, … */
  readonly attempt: number;
  readonly task: { readonly id: string; readonly action: string };
  /**
   * The same in every attempt of a task, and no other task's. Give it to whatever must not happen twice, as the header
   * `Idempotency-Key`, or as the `key` of a task that this one sends.
   */
  readonly idempotencyKey: string;
  /** Keeps bytes beside the store; put what it returns into your result. */
  readonly blob: (
    bytes: Readable | Uint8Array | string,
    more?: { type?: string },
  ) => Promise<{ $blob: string; bytes: number }>;
};

export type ActionDefaults = {
  description?: string;
  queue?: string;
  priority?: Priority;
  attempts?: number;
  losses?: number;
  backoff?: BackoffOption;
  /** For each attempt. */
  timeout?: Duration;
  /** Not started by then: `expired`. */
  expires?: Duration;
  /** Tasks of this action that one node runs at once. More than it has threads: they share threads, for handlers that wait. */
  concurrency?: number;
  retention?: Duration;
};

/** Of any library that speaks Standard Schema: zod, valibot, arktype … */
export type AnySchema = StandardSchema;
/** What a caller sends for this schema; without a schema anything. */
export type InputOf<S> = S extends AnySchema ? SchemaInput<S> : unknown;
/** What the schema hands to the handler; without a schema the payload as it came. */
export type ParsedOf<S> = S extends AnySchema ? SchemaOutput<S> : unknown;

/** One action. Written as methods so that, without a schema, a handler may simply say what it takes: `run: (text: string) => …`. */
export type ActionDefinition<Input = unknown, Output = unknown> = ActionDefaults & {
  /** Checked before the handler runs: `invalid_input` with the path. */
  input?: Input;
  /** Checked after it ran, and the type callers see; without it they see what `run` returns. */
  output?: Output;
  run(payload: ParsedOf<Input>, context: Context): OutputFrom<Output> | Promise<OutputFrom<Output>>;
};
type OutputFrom<S> = S extends AnySchema ? SchemaInput<S> : unknown;

/** Any object of actions, as a module's default export. */
export type ActionTable = Readonly<
  Record<string, ActionDefinition<AnySchema | undefined, AnySchema | undefined>>
>;

/** A misspelt option would do nothing in silence; this makes it an error. */
type Known<Actions> = {
  [Name in keyof Actions]: { [Word in Exclude<keyof Actions[Name], keyof ActionDefinition>]: never };
};

/**
 * Returns its argument. It is there for the types alone: `run`'s payload is inferred from the `input` beside it, and
 * `typeof` the result is what `connect<typeof actions>()` reads.
 */
export function defineActions<Actions, Inputs, Outputs>(
  actions: Actions & { [Name in keyof Inputs]: { input?: Inputs[Name] } } & {
    [Name in keyof Outputs]: { output?: Outputs[Name] };
  } & {
    [Name in keyof Inputs]: ActionDefinition<
      Inputs[Name],
      Name extends keyof Outputs ? Outputs[Name] : unknown
    >;
  } & Known<Actions>,
): Actions {
  return actions;
}
