/** Why a task does not run yet, in plain words, from what the node knows. */
import type { Explanation } from "../protocol/messages.ts";
import { tellDuration } from "../task/duration.ts";
import { isFinal, type FinalState } from "../task/state.ts";
import type { Task } from "../task/task.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import type { EngineParts } from "./parts.ts";

const WHAT_BECAME: Readonly<Record<FinalState, string>> = {
  done: "It was done",
  failed: "It failed",
  cancelled: "It was cancelled",
  expired: "It expired",
};

/** A worker that has the action; who stops takes nothing more either. */
export type Server = { readonly worker: string; readonly isDrained: boolean; readonly isStopping: boolean };

export function explain(
  parts: EngineParts,
  worker: WorkerFace,
  row: Task,
  servers: readonly Server[],
): Explanation {
  const now = parts.now();
  const say = (reason: Explanation["reason"], text: string, more: Partial<Explanation> = {}): Explanation => {
    return { task: row.id, state: row.state, reason, text, ...more };
  };
  if (isFinal(row.state)) {
    const ago = tellDuration(now - (row.finishedAt ?? now));
    const why = row.error ? `: ${row.error.code}, ${row.error.message}` : "";
    return say("final", `${WHAT_BECAME[row.state]} ${ago} ago${why || "."}`);
  }
  if (row.state === "running")
    return say(
      "running",
      `It has been running for ${tellDuration(now - (row.startedAt ?? now))}, attempt ${row.attempt}.`,
    );
  if (row.state === "scheduled" || row.state === "retrying") {
    const dueAt = row.dueAt ?? now;
    const what =
      row.state === "retrying"
        ? `Attempt ${row.attempt} failed (${row.error?.message ?? "?"}); the next is due`
        : "It is due";
    return say(
      "not_due",
      `${what} at ${new Date(dueAt).toISOString()}, in ${tellDuration(Math.max(0, dueAt - now))}.`,
      { dueAt },
    );
  }
  if (parts.admission.queueMode(row.queue) === "paused") {
    return say("paused", `Its queue ${row.queue} is paused; \`tanda queue resume ${row.queue}\` goes on.`);
  }
  if (!parts.catalogue.isServed(row.action)) {
    return say("not_served", `Nobody serves the action ${row.action} now; it waits for a worker that does.`);
  }
  const drained = servers.filter(({ isDrained }) => isDrained).map((server) => server.worker);
  if (drained.length > 0 && servers.every(({ isDrained, isStopping }) => isDrained || isStopping)) {
    return say("drained", tellDrained(drained));
  }
  if (worker.isInQuarantine(row.id)) {
    return say(
      "suspect",
      "A process died while it was in hand among others: it will run alone, when its turn comes.",
    );
  }
  return waiting(parts, row, now, say);
}

function tellDrained(drained: readonly string[]): string {
  const [first] = drained;
  const who =
    drained.length === 1
      ? `Worker ${first} is drained`
      : `The workers that serve its action, ${drained.join(" and ")}, are drained`;
  return `${who}: nothing new is taken. \`tanda workers resume ${first}\` goes on.`;
}

function waiting(
  parts: EngineParts,
  row: Task,
  now: number,
  say: (reason: Explanation["reason"], text: string, more: Partial<Explanation>) => Explanation,
): Explanation {
  const inWindow = parts.queue.position(row.id);
  const isFloor = inWindow === null;
  const position = inWindow ?? parts.queue.depths().find((depth) => depth.queue === row.queue)?.waiting ?? 0;
  const { concurrency } = parts.catalogue.find(row.action);
  const { finished } = parts.recent.perSecond();
  const more: Partial<Explanation> = { position, isFloor };
  if (finished > 0) more.expectedStartAt = Math.round(now + ((position + 1) / finished) * 1000);
  const when = more.expectedStartAt
    ? ` At ${finished.toFixed(1)} tasks a second it starts in about ${tellDuration(more.expectedStartAt - now)}.`
    : "";
  const before = `${isFloor ? "At least " : ""}${position} ${position === 1 ? "task starts" : "tasks start"} before it.${when}`;
  if (concurrency !== null && position === 0) {
    return say(
      "at_concurrency",
      `As many tasks of ${row.action} run already as its concurrency allows: ${concurrency}. ${before}`,
      more,
    );
  }
  return say("waiting", before, more);
}
