/**
 * What can be done: users' actions. `defineActions` only adds types; a plain default-exported object works too.
 */
import type { Readable } from "node:stream";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { BackoffOption } from "../protocol/messages.ts";
import type { Duration } from "../task/duration.ts";
import type { Priority } from "../task/task.ts";

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
  progress(value: unknown): void;
  log(...words: unknown[]): void;
  /** 1, 2, … */
  readonly attempt: number;
  readonly task: { readonly id: string; readonly action: string };
  /** Keeps bytes beside the store; put what it returns into your result. */
  blob(
    bytes: Readable | Uint8Array | string,
    more?: { type?: string },
  ): Promise<{ $blob: string; bytes: number }>;
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

export type AnySchema = StandardSchemaV1;
export type InputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : unknown;
export type ParsedOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : unknown;
