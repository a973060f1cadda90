/** A run in its thread: what it does is written down at once, for its thread may be ended at any moment. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { planPath, recordPath, type Effect, type FileLeft, type Note, type RunPlan } from "./observed.ts";

/** As they are before users' code, or the hooks around it, can change them. */
const { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } = fs;
const MOST_EFFECTS = 1000;
const MOST_FILES = 1000;
/** Of larger files only the size is compared. */
const MOST_HASHED_BYTES = 64 * 1024 * 1024;

export class ObservedRun {
  readonly task: string;
  readonly plan: RunPlan | null;
  isOver = false;
  readonly #fd: number;
  readonly #written = new Set<string>();
  #effects = 0;
  #deeds = 0;
  #abortedAt: number | null = null;

  constructor(dir: string, task: string, attempt: number) {
    this.task = task;
    const plan = planPath(dir, task, attempt);
    this.plan = existsSync(plan) ? (JSON.parse(readFileSync(plan, "utf8")) as RunPlan) : null;
    this.#fd = openSync(recordPath(dir, task, attempt), "a");
  }

  did(effect: Effect): void {
    if (this.isOver) return;
    if (this.#effects++ < MOST_EFFECTS) this.#note({ type: "effect", effect });
    this.#deed();
  }

  wrote(path: string): void {
    if (this.#written.size < MOST_FILES) this.#written.add(path);
    this.#deed();
  }

  /** What was begun in this turn is on its way, and its end is not known to the handler: the worst moment to die. */
  #deed(): void {
    if (this.plan?.type !== "kill" || ++this.#deeds !== this.plan.afterDeeds) return;
    setImmediate(() => !this.isOver && process.kill(process.pid, "SIGKILL"));
  }

  aborted(): void {
    if (this.isOver) return;
    this.#abortedAt = performance.now();
    this.#note({ type: "aborted" });
  }

  /** @param json the result's text; null when there is none. */
  end(json: string | null): void {
    const afterAbortMs = this.#abortedAt === null ? null : Math.round(performance.now() - this.#abortedAt);
    const files = [...this.#written].map(leftAt).filter((left) => left !== null);
    this.#note({ type: "ended", afterAbortMs, files, hash: json === null ? null : hashOf(json) });
    this.isOver = true;
    closeSync(this.#fd);
  }

  #note(note: Note): void {
    writeSync(this.#fd, `${JSON.stringify(note)}\n`);
  }
}

/** Null for what is gone again, or is no file: a copy on the way hurts nobody. */
function leftAt(path: string): FileLeft | null {
  try {
    const info = statSync(path);
    if (!info.isFile()) return null;
    const hash = info.size > MOST_HASHED_BYTES ? "" : hashOf(readFileSync(path));
    return { path, bytes: info.size, hash };
  } catch {
    return null;
  }
}

export function hashOf(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
