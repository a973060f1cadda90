import type { CallOptions } from "../client/caller.ts";
import type { Flags, Given } from "./verb.ts";

/** Options of a task, as flags of `run`, `submit` and `map`. What they may say is checked by the node. */
export const TASK_FLAGS: Flags = {
  queue: { value: "NAME", short: "q", says: "the queue it waits in (default)" },
  priority: { value: "LEVEL", short: "p", says: "low, normal, high or critical" },
  delay: { value: "DURATION", says: 'start after "10s", "5m", "2h" …' },
  "run-at": { value: "TIME", says: "start at an instant: 2030-01-31T12:00:00Z, or epoch milliseconds" },
  attempts: { value: "N", says: "tries in all when it fails (1)" },
  losses: { value: "N", says: "tries that may be lost because a process died (3)" },
  backoff: { value: "DURATION", says: "wait before the second attempt; doubles from there (1s)" },
  timeout: { value: "DURATION", short: "t", says: "what one attempt may take (5m)" },
  expires: { value: "DURATION", says: "not worth starting after this" },
  retention: { value: "DURATION", says: "how long its result is kept (7d)" },
};

/** Of one task: these would make many the same. */
export const ONE_TASK_FLAGS: Flags = {
  key: {
    value: "TEXT",
    short: "k",
    says: "your own name for it: the same key again answers with the same task",
  },
  task: { value: "UUID", says: "its id, a UUIDv7" },
};

export const WAIT_FLAGS: Flags = {
  "wait-for": {
    value: "DURATION",
    short: "w",
    says: "stop waiting after this, exit code 6; the task goes on",
  },
};

const NUMBERS: ReadonlySet<string> = new Set(["attempts", "losses"]);
/** A bare number here means milliseconds; elsewhere it is a name like any other. */
const TIMES: ReadonlySet<string> = new Set(["delay", "run-at", "backoff", "timeout", "expires", "retention"]);

export function taskOptions(given: Given): CallOptions {
  const options: Record<string, string | number> = {};
  for (const name of Object.keys({ ...TASK_FLAGS, ...ONE_TASK_FLAGS })) {
    const text = given.text(name);
    if (text === undefined) continue;
    const isMs = TIMES.has(name) && /^\d+$/.test(text);
    options[name === "run-at" ? "runAt" : name] = NUMBERS.has(name)
      ? given.count(name)!
      : isMs
        ? Number(text)
        : text;
  }
  return options;
}

export function waitOptions(given: Given): { callTimeout?: string } {
  const text = given.text("wait-for");
  return text === undefined ? {} : { callTimeout: text };
}
