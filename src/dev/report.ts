/** What is said at the end: of each action whether it may run twice, and of all whether anything differs. */
import type { ActionReport } from "./findings.ts";
import { shorten } from "./words.ts";

/** `fine`: it came to its end, and nothing differed. `failed`: it never ended well, so there was nothing to compare. */
export type Verdict = "fine" | "differs" | "failed";

export type ReportLine = { readonly tone: "good" | "bad" | "plain" | "dim"; readonly text: string };

const MOST_CHARS = 200;

export function verdictOf({ faults, tasks, failed }: ActionReport): Verdict {
  if (faults.length > 0) return "differs";
  return failed > 0 && failed >= tasks ? "failed" : "fine";
}

/** The sentences about one action. */
export function linesOf(report: ActionReport): ReportLine[] {
  const { action, tasks, runs, killed, faults, unseen, lastError } = report;
  const verdict = verdictOf(report);
  const lines: ReportLine[] = [];
  if (verdict === "fine") {
    const short = killed === 0 ? "; none was killed in the middle, they are too short or too few" : "";
    const text = `✓ ${action} is fine: ${some(tasks, "task")} in ${some(runs, "run")}, the same results, nothing done twice${short}`;
    lines.push({ tone: "good", text });
  }
  if (verdict === "failed") {
    const error = lastError === null ? "" : `: ${lastError.code}: ${shorten(lastError.message, MOST_CHARS)}`;
    lines.push({ tone: "bad", text: `✗ ${action} never ended well${error}` });
    lines.push({ tone: "dim", text: "  Nothing could be compared. See to that first, then try again." });
  }
  for (const { says, advice, tasks: count } of faults) {
    const often = count === 1 ? "" : ` (${some(count, "task")})`;
    lines.push({ tone: "bad", text: `✗ ${action} ${says}${often}` }, { tone: "plain", text: `  ${advice}` });
  }
  for (const { says, advice } of unseen)
    lines.push({ tone: "plain", text: `· ${action} ${says}` }, { tone: "dim", text: `  ${advice}` });
  return lines;
}

function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
