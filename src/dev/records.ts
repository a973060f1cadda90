/** The node's side of what threads write down of their runs. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { planPath, recordPath, type Effect, type FileLeft, type Note, type RunPlan } from "./observed.ts";

export type Observed = {
  readonly effects: readonly Effect[];
  readonly files: readonly FileLeft[];
  readonly hash: string | null;
  readonly wasAborted: boolean;
  readonly afterAbortMs: number | null;
};

export class Records {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  hasBegun(task: string, attempt: number): boolean {
    return existsSync(recordPath(this.dir, task, attempt));
  }

  /** Before the run is handed over. */
  plan(task: string, attempt: number, plan: RunPlan): void {
    writeFileSync(planPath(this.dir, task, attempt), JSON.stringify(plan));
  }

  wasAborted(task: string, attempt: number): boolean {
    return this.#notes(task, attempt).some(({ type }) => type === "aborted");
  }

  /** Reads it and throws it away. A run that never came to its handler did nothing. */
  take(task: string, attempt: number): Observed {
    const notes = this.#notes(task, attempt);
    for (const path of [recordPath, planPath]) rmSync(path(this.dir, task, attempt), { force: true });
    const ended = notes.find((note) => note.type === "ended");
    return {
      effects: notes.filter((note) => note.type === "effect").map(({ effect }) => effect),
      files: ended?.files ?? [],
      hash: ended?.hash ?? null,
      wasAborted: notes.some(({ type }) => type === "aborted"),
      afterAbortMs: ended?.afterAbortMs ?? null,
    };
  }

  #notes(task: string, attempt: number): Note[] {
    if (!this.hasBegun(task, attempt)) return [];
    return notesOf(readFileSync(recordPath(this.dir, task, attempt), "utf8"));
  }
}

/** The last line of a killed run may be half of one. */
function notesOf(text: string): Note[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Note);
}
