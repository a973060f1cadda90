/** The types of a client, told from the types of the actions alone. */
import type { SchemaInput, SchemaOutput } from "../actions/standard-schema.ts";
import type {
  ActionView,
  Explanation,
  ListFilter,
  NodeView,
  PingView,
  QueueView,
  HistoryView,
  HistoryWindow,
  StatsView,
  TaskView,
  WorkerView,
} from "../protocol/messages.ts";
import type { AuditFilter, AuditPage, CreatedToken, TokenView } from "../protocol/access.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { AskOptions, BlobAccess, CallOptions, EventStream, Submitted, WatchFilter } from "./caller.ts";

type Schema = { readonly "~standard": object };

/** What a caller of this action sends: its `input` schema's input, else what `run` takes. */
export type InputOf<Action> = Action extends { readonly input: infer S extends Schema }
  ? SchemaInput<S>
  : Action extends { run(...rest: infer P): unknown }
    ? P extends readonly [infer First, ...unknown[]]
      ? First
      : undefined
    : unknown;

/** What a caller gets: its `output` schema's output, else what `run` returns, after its way through JSON. */
export type ResultOf<Action> = Action extends { readonly output: infer S extends Schema }
  ? Jsonified<SchemaOutput<S>>
  : Action extends { run(...rest: never): infer R }
    ? Jsonified<Awaited<R>>
    : unknown;

export type InputsOf<Actions> = { [Name in keyof Actions]: InputOf<Actions[Name]> };
export type ResultsOf<Actions> = { [Name in keyof Actions]: ResultOf<Actions[Name]> };

/** What JSON makes of a value: a Date arrives as text, a Map as {}, nothing as null. */
export type Jsonified<T> = unknown extends T
  ? T
  : T extends { toJSON(...rest: never): infer J }
    ? Jsonified<J>
    : T extends string | number | boolean | null
      ? T
      : T extends undefined | void | symbol | ((...rest: never) => unknown)
        ? null
        : T extends readonly unknown[]
          ? { [Place in keyof T]: Jsonified<T[Place]> }
          : T extends object
            ? { [Key in keyof T as JsonKey<T, Key>]: Jsonified<Exclude<T[Key], undefined>> }
            : never;
type JsonKey<T, Key extends keyof T> = Key extends symbol
  ? never
  : [Exclude<T[Key], undefined>] extends [symbol | ((...rest: never) => unknown)]
    ? never
    : Key;

/** One action of a client. `undefined` may be left out. */
export interface ActionCall<Input, Result> {
  /** Resolves with the result when the task is done; rejects with a TandaError when it failed. */
  (...words: Words<Input>): Promise<Result>;
  /** Resolves when the task is durable; it is looked after whether or not somebody waits. */
  submit(...words: Words<Input>): Promise<Handle<Result>>;
}
type Words<Input> = undefined extends Input
  ? [payload?: Input, options?: CallOptions]
  : [payload: Input, options?: CallOptions];

/** A task that was submitted, or is known by its id. */
export interface Handle<Result = unknown> {
  readonly task: string;
  /** As it was when this handle was made; null when that was never asked. */
  readonly status: Submitted["status"] | null;
  /** Waits until it is final. */
  result(options?: AskOptions): Promise<Result>;
  /** Waits until it is final, in whatever way, and tells all of it. */
  wait(options?: AskOptions): Promise<TaskView>;
  get(options?: AskOptions): Promise<TaskView>;
  /** State changes, progress and log lines; ends after the final state. */
  watch(options?: { signal?: AbortSignal }): EventStream;
  cancel(options?: AskOptions): Promise<TaskView>;
}

/** What is not an action. */
export interface General extends AsyncDisposable {
  /** Any action by name; for those this client has no types of. */
  run<Result = unknown>(action: string, payload?: unknown, options?: CallOptions): Promise<Result>;
  submit<Result = unknown>(action: string, payload?: unknown, options?: CallOptions): Promise<Handle<Result>>;
  /** A handle for a known id; asks nothing. */
  task<Result = unknown>(id: string): Handle<Result>;

  get(task: string, options?: AskOptions): Promise<TaskView>;
  /** Waits until it is final, in whatever way, and tells all of it. */
  wait(task: string, options?: AskOptions): Promise<TaskView>;
  /** `missing`: in a cluster, nodes that could not be asked, and whose tasks are not shown. */
  list(
    filter?: ListFilter,
    options?: AskOptions,
  ): Promise<{ tasks: TaskView[]; next: string | null; missing?: number[] }>;
  watch(filter?: WatchFilter, options?: { signal?: AbortSignal }): EventStream;
  cancel(task: string, options?: AskOptions): Promise<TaskView>;
  retry(task: string, options?: AskOptions): Promise<TaskView>;
  delete(task: string, options?: AskOptions): Promise<{ task: string; deleted: true }>;
  explain(task: string, options?: AskOptions): Promise<Explanation>;

  pause(queue: string, options?: AskOptions): Promise<QueueView>;
  resume(queue: string, options?: AskOptions): Promise<QueueView>;
  drain(queue: string, options?: AskOptions): Promise<QueueView>;
  purge(queue: string, options?: AskOptions): Promise<{ queue: string; cancelled: number }>;

  /** It takes nothing new, what runs goes to its end; until it is resumed, or its process ends. */
  drainWorker(worker: string, options?: AskOptions): Promise<WorkerView>;
  resumeWorker(worker: string, options?: AskOptions): Promise<WorkerView>;

  actions(options?: AskOptions): Promise<ActionView[]>;
  queues(options?: AskOptions): Promise<QueueView[]>;
  workers(options?: AskOptions): Promise<WorkerView[]>;
  nodes(options?: AskOptions): Promise<NodeView[]>;
  stats(options?: AskOptions): Promise<StatsView>;
  /** What was measured over the last ten minutes, two hours or day. */
  history(window: HistoryWindow, options?: AskOptions): Promise<HistoryView>;
  /** These four are for who may do all. The secret is told here and never again. */
  createToken(wish: TokenWish, options?: AskOptions): Promise<CreatedToken>;
  /** Newest first. */
  tokens(options?: AskOptions): Promise<TokenView[]>;
  /** By its id, or by all of it. */
  revokeToken(token: string, options?: AskOptions): Promise<TokenView>;
  /** Administrative acts, newest first. */
  audit(filter?: AuditFilter, options?: AskOptions): Promise<AuditPage>;
  ping(options?: AskOptions): Promise<PingView>;

  readonly blobs: BlobAccess;
  /** Connects now rather than at the first call. Rejects when every address refused once. */
  open(): Promise<void>;
  /** Takes no more calls, waits for those under way (unless `now`), then lets go of everything. */
  close(options?: { now?: boolean }): Promise<void>;
}

/** The actions every node has. */
export type BuiltinCalls = {
  echo: ActionCall<unknown, unknown>;
  upper: ActionCall<string, string>;
  reverse: ActionCall<string, string>;
  /** Characters (code points) of a text. */
  count: ActionCall<string, number>;
  /** Letters of a text. */
  letters: ActionCall<string, number>;
  average: ActionCall<number[], number>;
  /** Milliseconds. */
  sleep: ActionCall<number, number>;
  fib: ActionCall<number, number>;
};

export type Client<Actions = unknown> = {
  readonly [Name in keyof Actions as Name extends "$" | "then" | symbol ? never : Name]: ActionCall<
    InputOf<Actions[Name]>,
    ResultOf<Actions[Name]>
  >;
} & Omit<BuiltinCalls, keyof Actions> & { readonly $: General } & AsyncDisposable;
