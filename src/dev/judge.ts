/** What the runs of one task say about its handler. Pure. */
import type { ErrorBody } from "../task/errors.ts";
import { firstDifference, type Difference } from "./first-difference.ts";
import type { Observed } from "./records.ts";
import { differingFiles, repeatedEffects, type Repeated } from "./twice.ts";

/** A handler that goes on for longer after its signal has not heard it. */
export const OBEYS_WITHIN_MS = 1000;

export type Ran = {
  readonly how: "whole" | "killed" | "aborted";
  readonly observed: Observed;
  /** Of a whole run. `json`: null for a large one, of which only the hash is there. */
  readonly outcome:
    | { readonly type: "done"; readonly json: string | null }
    | { readonly type: "failed"; readonly error: ErrorBody }
    | null;
};

export type Finding =
  | ({ readonly kind: "result" } & Difference)
  | { readonly kind: "outcome"; readonly error: ErrorBody }
  | Repeated
  | { readonly kind: "abort" };

export function judge(runs: readonly Ran[]): Finding[] {
  const findings: Finding[] = [];
  const whole = runs.filter(({ how }) => how === "whole");
  for (let at = 1; at < whole.length; at++) {
    const found = outcomesDiffer(whole[at - 1]!, whole[at]!);
    if (found !== null) findings.push(found);
    findings.push(...differingFiles(whole[at - 1]!.observed.files, whole[at]!.observed.files));
  }
  const before = [];
  for (const { observed } of runs) {
    findings.push(...repeatedEffects(before, observed.effects));
    before.push(...observed.effects);
  }
  const isDeaf = ({ how, observed }: Ran): boolean =>
    how === "aborted" && (observed.afterAbortMs ?? Infinity) > OBEYS_WITHIN_MS;
  if (runs.some(isDeaf)) findings.push({ kind: "abort" });
  return findings;
}

/** A run that fails and is tried again may well end better; one that ended well must not end worse. */
function outcomesDiffer(first: Ran, second: Ran): Finding | null {
  if (first.outcome?.type !== "done" || second.outcome === null) return null;
  if (second.outcome.type === "failed") return { kind: "outcome", error: second.outcome.error };
  const [one, other] = [first.outcome.json, second.outcome.json];
  if (one !== null && other !== null) {
    const difference = one === other ? null : firstDifference(JSON.parse(one), JSON.parse(other));
    return difference === null ? null : { kind: "result", ...difference };
  }
  const [oneHash, otherHash] = [first.observed.hash, second.observed.hash];
  return oneHash === otherHash ? null : { kind: "result", path: "$", first: oneHash, second: otherHash };
}
