/**
 * Tasks of one queue and priority as the text of one parcel, without line breaks. What they share is said once. The version is that of
 * this form: a reader that does not know it leaves the parcel to others.
 */
import { isTaskId } from "../task/id.ts";
import { isPolicy } from "../task/policy-form.ts";
import type { Policy, PriorityLevel, TaskSpec } from "../task/task.ts";
import type { Message } from "./queue.ts";

export const PARCEL_VERSION = 1;
/** Some of its tasks have owners, which a reader of before would forget. */
const WITH_OWNERS = 2;
const RIDE = 1;
const SUSPECT = 2;
const REPEAT = 4;
const MOST_ATTEMPTS = 2 ** 31 - 2;

type Body = { v: number; queue: string; priority: number; policies: Policy[]; tasks: Row[] };
type Row = [
  id: string,
  action: string,
  payload: string,
  payloadBlob: string | null,
  key: string | null,
  policy: number,
  dueAt: number | null,
  expiresAt: number | null,
  createdAt: number,
  attempt: number,
  flags: number,
  waiter: string | null,
  /** Left out where there is none. */
  owner?: string,
];

/** Written by a newer Tanda, perhaps: whoever knows it will take it. */
export class UnknownVersion extends Error {}
/** Nobody can read it, ever. */
export class Unreadable extends Error {}

/** @param messages of one queue and priority; at least one. */
export function encode(messages: readonly Message[]): string {
  const { queue, priority } = messages[0]!.spec;
  const policies: Policy[] = [];
  const numbers = new Map<Policy, number>();
  const tasks = messages.map(({ spec, attempt, isRide, isSuspect, isRepeat, waiter }): Row => {
    let policy = numbers.get(spec.policy);
    if (policy === undefined) {
      policy = policies.push(spec.policy) - 1;
      numbers.set(spec.policy, policy);
    }
    const flags = (isRide ? RIDE : 0) | (isSuspect ? SUSPECT : 0) | (isRepeat ? REPEAT : 0);
    const { id, action, payload, payloadBlob, key, owner, dueAt, expiresAt, createdAt } = spec;
    const when = [dueAt, expiresAt, createdAt] as const;
    const row: Row = [id, action, payload, payloadBlob, key, policy, ...when, attempt, flags, waiter ?? null];
    if (owner !== null) row.push(owner);
    return row;
  });
  const v = messages.some(({ spec }) => spec.owner !== null) ? WITH_OWNERS : PARCEL_VERSION;
  return JSON.stringify({ v, queue, priority, policies, tasks } satisfies Body);
}

/** What one task adds to a body, roughly. */
export function encodedBytes({ spec }: Message): number {
  return 200 + spec.payload.length;
}

/** @throws UnknownVersion, Unreadable */
export function decode(text: string): Message[] {
  const body = parse(text);
  if (body.v !== PARCEL_VERSION && body.v !== WITH_OWNERS) {
    if (typeof body.v === "number") throw new UnknownVersion(`its version is ${body.v}, ours ${WITH_OWNERS}`);
    throw new Unreadable("it has no version");
  }
  const { queue, priority, policies, tasks } = body;
  const isWhole =
    typeof queue === "string" &&
    (priority === 0 || priority === 1 || priority === 2 || priority === 3) &&
    Array.isArray(policies) &&
    policies.every(isPolicy) &&
    Array.isArray(tasks) &&
    tasks.every((row) => isRow(row, policies.length));
  if (!isWhole) throw new Unreadable("it is no list of tasks");
  for (const policy of policies) Object.freeze(policy);
  return tasks.map((row) => toMessage(row, queue, priority, policies));
}

function toMessage(row: Row, queue: string, priority: PriorityLevel, policies: readonly Policy[]): Message {
  const [id, action, payload, payloadBlob, key, policy, dueAt, expiresAt, createdAt, attempt, flags] = row;
  const spec: TaskSpec = {
    id,
    action,
    queue,
    priority,
    payload,
    payloadBlob,
    key,
    owner: row[12] ?? null,
    policy: policies[policy]!,
    dueAt,
    expiresAt,
    createdAt,
  };
  const waiter = row[11];
  return {
    spec,
    attempt,
    isRide: (flags & RIDE) !== 0,
    isSuspect: (flags & SUSPECT) !== 0,
    ...((flags & REPEAT) === 0 ? {} : { isRepeat: true as const }),
    ...(waiter === null ? {} : { waiter }),
  };
}

function parse(text: string): Partial<Body> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Unreadable("it is no JSON");
  }
  if (typeof value !== "object" || value === null) throw new Unreadable("it is no object");
  return value;
}

/** What would not fit a store's columns would keep all that is asked with it from being read. */
function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRow(value: unknown, policies: number): value is Row {
  if (!Array.isArray(value) || value.length < 12 || value.length > 13) return false;
  const [
    id,
    action,
    payload,
    blob,
    key,
    policy,
    dueAt,
    expiresAt,
    createdAt,
    attempt,
    flags,
    waiter,
    owner = null,
  ] = value as unknown[];
  return (
    isTaskId(id) &&
    [action, payload].every((it) => typeof it === "string") &&
    [blob, key, waiter, owner].every((it) => it === null || typeof it === "string") &&
    [dueAt, expiresAt].every((it) => it === null || isCount(it)) &&
    [createdAt, attempt, flags].every(isCount) &&
    (attempt as number) <= MOST_ATTEMPTS &&
    typeof policy === "number" &&
    Number.isInteger(policy) &&
    policy >= 0 &&
    policy < policies
  );
}
