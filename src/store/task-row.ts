/**
 * A task as a row of primitives, the form in which it is bound, read and sent between threads (a flat array of primitives
 * is cloned several times faster than objects). What is empty or default is null.
 */
import { TandaError, type ErrorBody } from "../task/errors.ts";
import { isPolicy } from "../task/policy-form.ts";
import { isFinal, STATES, type State } from "../task/state.ts";
import {
  DEFAULT_POLICY,
  type AttemptRecord,
  type BlobRef,
  type LogLine,
  type Policy,
  type PriorityLevel,
  type Task,
} from "../task/task.ts";
import { ASIDE, faultOf, SpoiltRow } from "./spoilt-row.ts";

/** In the order of {@link Row}. `id` is bound as 16 bytes and told as text. */
export const COLUMNS = [
  "id",
  "action",
  "queue",
  "priority",
  "payload",
  "payload_blob",
  "key",
  "policy",
  "due_at",
  "expires_at",
  "created_at",
  "state",
  "attempt",
  "failures",
  "losses",
  "result",
  "result_blob",
  "error",
  "started_at",
  "finished_at",
  "history",
  "log",
  "progress",
  "owner",
] as const;

const LONG: readonly string[] = ["payload", "result", "history", "log", "progress"];
/** The columns of a list, in SQL: in the place of what may be long it says what an empty row does, and does not read it. */
export const LISTED = COLUMNS.map((name) =>
  LONG.includes(name) ? `${name === "payload" ? "'null'" : "null"} as ${name}` : name,
).join(", ");

export type Row = (string | number | null)[];

const STATE_NUMBERS: ReadonlyMap<State, number> = new Map(STATES.map((state, index) => [state, index]));
const DEFAULT_POLICY_TEXT = JSON.stringify(DEFAULT_POLICY);
const MAX_CACHED_POLICIES = 1000;
const policyTexts = new WeakMap<Policy, string>();
const policies = new Map<string, Policy>();

export function stateNumber(state: State): number {
  return STATE_NUMBERS.get(state)!;
}

/** Null for the default policy. Tasks of one action share a Policy object, so this is mostly a look-up. */
export function policyText(policy: Policy): string | null {
  if (policy === DEFAULT_POLICY) return null;
  let text = policyTexts.get(policy);
  if (text === undefined) {
    text = JSON.stringify(policy);
    policyTexts.set(policy, text);
  }
  return text === DEFAULT_POLICY_TEXT ? null : text;
}

/** @throws conflict for what is none. */
export function policyOf(text: string | null): Policy {
  if (text === null) return DEFAULT_POLICY;
  let policy = policies.get(text);
  if (policy === undefined) {
    policy = Object.freeze(parsedPolicy(text));
    if (policies.size >= MAX_CACHED_POLICIES) policies.clear();
    policies.set(text, policy);
    policyTexts.set(policy, text);
  }
  return policy;
}

/** When a finished task goes by its own rule; null = by the node's. */
export function purgeAt(state: State, finishedAt: number | null, policy: Policy): number | null {
  if (policy.retentionMs === null || finishedAt === null || !isFinal(state)) return null;
  return finishedAt + policy.retentionMs;
}

export function toRow(task: Task): Row {
  return [
    task.id,
    task.action,
    task.queue,
    task.priority,
    task.payload,
    task.payloadBlob,
    task.key,
    policyText(task.policy),
    task.dueAt,
    task.expiresAt,
    task.createdAt,
    stateNumber(task.state),
    task.attempt,
    task.failures,
    task.losses,
    task.result,
    task.resultBlob === null ? null : JSON.stringify(task.resultBlob),
    task.error === null ? null : JSON.stringify(task.error),
    task.startedAt,
    task.finishedAt,
    task.history.length === 0 ? null : JSON.stringify(task.history),
    task.log.length === 0 ? null : JSON.stringify(task.log),
    task.progress,
    task.owner,
  ];
}

/**
 * The state is the row's version too: a newer form of a row is given states that are not in our table, so every condition on states
 * passes it over.
 * @throws conflict for such a row: nothing is guessed of it. SpoiltRow for one that is damaged.
 */
export function toTask(row: Row): Task {
  const told = row[11];
  const number = typeof told === "number" && told >= ASIDE ? told - ASIDE : told;
  const state = STATES[number as number];
  if (state === undefined && typeof told === "number" && told < ASIDE) {
    throw new TandaError(
      "conflict",
      `The task ${row[0]} was written by a newer Tanda, in a form not known here.`,
      {
        hint: "It is left alone. Ask a node of the newer version, or upgrade this one.",
      },
    );
  }
  const fault =
    faultOf(number === told ? row : row.with(11, number!)) ?? (hasPolicy(row[7] ?? null) ? null : "policy");
  // One that was mended and left aside is still to be put back.
  if (fault !== null || state === undefined || number !== told) throw new SpoiltRow(row[0], fault ?? "state");
  return {
    id: row[0] as string,
    action: row[1] as string,
    queue: row[2] as string,
    priority: row[3] as PriorityLevel,
    payload: row[4] as string,
    payloadBlob: row[5] as string | null,
    key: row[6] as string | null,
    policy: policyOf(row[7] as string | null),
    dueAt: row[8] as number | null,
    expiresAt: row[9] as number | null,
    createdAt: row[10] as number,
    state,
    attempt: row[12] as number,
    failures: row[13] as number,
    losses: row[14] as number,
    result: row[15] as string | null,
    resultBlob: parsed<BlobRef | null>(row[16], null),
    error: parsed<ErrorBody | null>(row[17], null),
    startedAt: row[18] as number | null,
    finishedAt: row[19] as number | null,
    history: parsed<AttemptRecord[]>(row[20], []),
    log: parsed<LogLine[]>(row[21], []),
    progress: row[22] as string | null,
    owner: row[23] as string | null,
  };
}

export type Readable = { readonly tasks: Task[]; readonly spoilt: { id: string; why: string }[] };

/** Those that can be read, and the ids of those that are damaged. @throws what is wrong with a row otherwise. */
export function readable(rows: readonly Row[]): Readable {
  const tasks: Task[] = [];
  const spoilt: { id: string; why: string }[] = [];
  for (const row of rows) {
    try {
      tasks.push(toTask(row));
    } catch (error) {
      if (!(error instanceof SpoiltRow)) throw error;
      spoilt.push({ id: row[0] as string, why: error.message });
    }
  }
  return { tasks, spoilt };
}

function hasPolicy(text: string | number | null): boolean {
  try {
    policyOf(text as string | null);
    return true;
  } catch {
    return false;
  }
}

function parsedPolicy(text: string): Policy {
  const value: unknown = JSON.parse(text);
  if (!isPolicy(value)) throw new TandaError("conflict", "A policy is damaged.");
  return value;
}

function parsed<T>(text: string | number | null | undefined, empty: T): T {
  return typeof text === "string" ? (JSON.parse(text) as T) : empty;
}
