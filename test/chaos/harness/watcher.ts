/** What is looked at all the time, while everything fails: that what was accepted is there, that the database saw nothing it may not see, and how much memory each box has. */
import { readFileSync } from "node:fs";
import type { Audit } from "./audit.ts";
import type { Box } from "./box.ts";
import type { Crowd } from "./crowd.ts";
import type { Verdicts } from "./verdicts.ts";
import type { Witness } from "./witness.ts";

const LOOKS_MS = 1000;
/** A gateway, and a worker with its pool. */
export const MOST_MB = { gateway: 512, worker: 1024 } as const;

export type Watched = {
  readonly boxes: readonly Box[];
  readonly audit: Audit;
  readonly crowd: Crowd;
  readonly witness: Witness;
  readonly verdicts: Verdicts;
};

export class Watcher {
  readonly peakMb = { gateway: 0, worker: 0 };
  readonly #watched: Watched;
  readonly #told = new Set<string>();
  /** Accepted, and not yet looked for: the database was away. */
  #owed: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  start(): void {
    let isBusy = false;
    this.#timer = setInterval(() => {
      this.#weigh();
      this.#watched.witness.read();
      if (isBusy) return;
      isBusy = true;
      this.#looking = this.look()
        .catch(() => {})
        .finally(() => (isBusy = false));
    }, LOOKS_MS);
  }

  /** Once more, with the database there. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
    await this.look();
    this.#watched.verdicts.checked("I7");
  }

  /** @throws while the database is away; then it looks again. */
  async look(): Promise<void> {
    const { audit, crowd, verdicts } = this.#watched;
    this.#owed.push(...crowd.takeAccepted());
    const ids = this.#owed;
    if (ids.length > 0) {
      for (const id of await audit.missing(ids))
        verdicts.break("I1", `${id} was accepted, and there is no row of it`);
      this.#owed = this.#owed.slice(ids.length);
    }
    for (const { id, broken, was, state } of await audit.broken()) {
      const name = `${id} ${broken}`;
      if (this.#told.has(name)) continue;
      this.#told.add(name);
      const invariant = broken.startsWith("an attempt") ? "I4" : "I2";
      verdicts.break(invariant, `${id}: ${broken} (from state ${was} to ${state})`);
    }
  }

  #weigh(): void {
    for (const { role, name, node } of this.#watched.boxes) {
      const mb = memoryOf(node.pid);
      if (mb > MOST_MB[role] && this.peakMb[role] <= MOST_MB[role])
        this.#watched.verdicts.break("I7", `${name} uses ${Math.round(mb)} MB`);
      this.peakMb[role] = Math.max(this.peakMb[role], mb);
    }
  }
}

/** Of it and its children. */
function memoryOf(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return residentMb(pid) + children.reduce((sum, child) => sum + residentMb(Number(child)), 0);
  } catch {
    // It is just gone.
    return 0;
  }
}

function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb ?? 0) / 1024;
}
