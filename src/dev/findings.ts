/** Adds up, action by action, what was done to tasks and what was found. Bounded, whatever handlers do. */
import type { ErrorBody } from "../task/errors.ts";
import type { Finding } from "./judge.ts";
import { isFault, kindOf, tell, type Told } from "./words.ts";

const MOST_KINDS = 50;

export type ToldFinding = Told & {
  readonly kind: Finding["kind"];
  /** In so many tasks. */
  readonly tasks: number;
  /** One of them. */
  readonly task: string;
};

export type ActionReport = {
  readonly action: string;
  /** Tasks that came to their end. */
  readonly tasks: number;
  /** Starts of the handler, of whatever kind. */
  readonly runs: number;
  /** Whole runs beside the first of their task. */
  readonly repeats: number;
  readonly killed: number;
  readonly lostAcknowledgements: number;
  readonly aborted: number;
  /** Tasks that failed. `lastError`: how the last of them did. */
  readonly failed: number;
  readonly lastError: ErrorBody | null;
  readonly faults: readonly ToldFinding[];
  /** What could not be judged from here. */
  readonly unseen: readonly ToldFinding[];
};

export type Count = "tasks" | "runs" | "repeats" | "killed" | "lostAcknowledgements" | "aborted" | "failed";
type Tally = Record<Count, number> & {
  lastError: ErrorBody | null;
  readonly found: Map<string, { readonly finding: Finding; told: ToldFinding }>;
};

export class Findings {
  readonly #actions = new Map<string, Tally>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  count(action: string, what: Count): void {
    this.#of(action)[what]++;
  }

  failed(action: string, error: ErrorBody): void {
    const tally = this.#of(action);
    tally.failed++;
    tally.lastError = error;
  }

  /** @returns what was not known of this action before. */
  add(action: string, task: string, findings: readonly Finding[]): ToldFinding[] {
    const { found } = this.#of(action);
    const news: ToldFinding[] = [];
    const kinds = new Map(findings.map((finding) => [kindOf(finding), finding]));
    for (const [kind, finding] of kinds) {
      const known = found.get(kind);
      if (known !== undefined) {
        known.told = { ...known.told, tasks: known.told.tasks + 1 };
      } else if (found.size < MOST_KINDS) {
        const told = { kind: finding.kind, ...tell(finding, this.#now()), tasks: 1, task };
        found.set(kind, { finding, told });
        news.push(told);
      }
    }
    return news;
  }

  report(): ActionReport[] {
    return [...this.#actions].map(([action, { found, ...counts }]) => {
      const told = (wanted: boolean): ToldFinding[] =>
        [...found.values()].filter(({ finding }) => isFault(finding) === wanted).map((each) => each.told);
      return { action, ...counts, faults: told(true), unseen: told(false) };
    });
  }

  #of(action: string): Tally {
    let tally = this.#actions.get(action);
    if (tally === undefined) {
      const counts = { tasks: 0, runs: 0, repeats: 0, killed: 0, lostAcknowledgements: 0, aborted: 0 };
      tally = { ...counts, failed: 0, lastError: null, found: new Map() };
      this.#actions.set(action, tally);
    }
    return tally;
  }
}
