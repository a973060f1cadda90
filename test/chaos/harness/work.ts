/** What a task is given, and what it must answer: known to who sends it, to who runs it and to who checks it. */
import { createHash } from "node:crypto";

export type Payload = {
  /** Of this task alone, in this run. */
  readonly n: number;
  readonly customer: number;
  readonly ms: number;
  /** So many attempts fail. */
  readonly failures?: number;
  readonly isPoison?: boolean;
  readonly filling?: string;
};

export type Result = {
  readonly n: number;
  readonly customer: number;
  /** Of the attempt that answered. */
  readonly attempt: number;
  readonly digest: string;
  readonly filling?: string;
};

export function resultOf({ n, customer, filling }: Payload, attempt: number): Result {
  const result = { n, customer, attempt, digest: digestOf(n, customer) };
  return filling === undefined ? result : { ...result, filling };
}

/** Of the payload, and of no other. */
export function digestOf(n: number, customer: number): string {
  return createHash("sha256").update(`${customer} ${n}`).digest("hex").slice(0, 16);
}

/** @returns what is wrong with it; null when it is this task's. */
export function complaintOf({ n, customer, filling }: Payload, told: unknown): string | null {
  const result = told as Partial<Result> | null;
  if (result?.n !== n || result.customer !== customer || result.digest !== digestOf(n, customer))
    return `task ${n} of customer ${customer} was answered ${JSON.stringify(told)?.slice(0, 200)}`;
  return result.filling === filling ? null : `the large part of the result of task ${n} is not what was sent`;
}
