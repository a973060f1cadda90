/**
 * Finds tasks whose worker did not renew its lease: it died, stands still, or cannot reach the store. They wait again, as suspects:
 * claimed first, alone in a process. Late or dead: other processes reap the same rows.
 */
import type { Outcomes } from "../../engine/outcomes.ts";
import type { Lost, SharedStore } from "../../store/shared-store.ts";
import type { TaskEvent } from "../../task/decide.ts";
import type { EngineLog } from "../../engine/parts.ts";
import { isSuspect } from "../../task/suspect.ts";
import { repeat, type Duty } from "./duty.ts";

const GRACE_MS = 500;
const AT_ONCE = 500;
/** A broker may give it to the very worker that was lost, of which it does not know yet: unseen for so long it is published again. */
const UNSEEN_MS = 3000;
/** Whoever was in hand at so many deaths is no neighbour any more: it is charged from then on. */
const DEATHS_FORGIVEN = 5;

export type ReaperOptions = {
  store: Pick<SharedStore, "reap" | "postpone">;
  outcomes: Pick<Outcomes, "follow">;
  leaseMs: number;
  random: () => number;
  log: EngineLog;
  onError: (error: unknown) => void;
};

export function startReaper({ store, outcomes, leaseMs, random, log, onError }: ReaperOptions): Duty {
  // Leases are renewed at every third: what was claimed since the last time ends so much later.
  const reaping = { graceMs: GRACE_MS, holdMs: leaseMs / 2, limit: AT_ONCE };
  const reap = async (): Promise<void> => {
    for (;;) {
      const reaped = await store.reap(reaping, (lost) => judge(lost, random()));
      const again: string[] = [];
      for (const { verdict, task, worker } of reaped) {
        if (verdict !== "applied" || !task) continue;
        if (task.state === "queued") again.push(task.id);
        log.warn({ task: task.id, worker, attempt: task.attempt }, "its worker was lost; it waits again");
        outcomes.follow(task, true);
      }
      if (again.length > 0) await store.postpone(again, UNSEEN_MS);
      if (reaped.length < AT_ONCE) return;
    }
  };
  return repeat(Math.min(3000, Math.max(250, leaseMs / 10)), reap, onError);
}

/** Only what ran alone, as a suspect, when its worker was lost is charged for it; beside the first loss others ran, perhaps unclaimed. */
export function judge({ task, worker, together, at }: Lost, chance: number): TaskEvent {
  const deaths = task.history.filter(({ code }) => code === "lost").length;
  const error = { code: "lost", message: `Its worker ${worker} was lost while it ran.` } as const;
  return {
    type: "finish",
    id: task.id,
    at,
    attempt: task.attempt,
    outcome: {
      type: "died",
      error,
      isCharged: (together === 1 && isSuspect(task)) || deaths >= DEATHS_FORGIVEN,
    },
    startedAt: task.startedAt ?? at,
    chance,
  };
}
