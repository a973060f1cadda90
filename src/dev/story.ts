/** What happens to tasks, told line by line to a person who watches. */
import type { WatchEvent } from "../protocol/messages.ts";
import { tellDuration } from "../task/duration.ts";
import { isFinal } from "../task/state.ts";
import type { TrialEvent } from "./trials.ts";
import { shorten } from "./words.ts";

export type Line = {
  readonly at: number;
  readonly task: string;
  readonly action: string;
  readonly text: string;
  readonly tone: "plain" | "good" | "bad" | "trouble";
};

const MOST_CHARS = 200;
/** Of tasks that never end here the oldest are forgotten. */
const MOST_TASKS = 10_000;

export class Story {
  /** The action of each task that is not over. */
  readonly #actions = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Null for what is not worth a line. */
  ofEvent(event: WatchEvent): Line | null {
    if (event.type === "missed") return null;
    const { at, task } = event;
    const line = { at, task, action: this.#actions.get(task) ?? "", tone: "plain" } as const;
    if (event.type === "progress") return { ...line, text: `progress ${json(event.progress)}` };
    if (event.type === "log") {
      const tone = event.level === "error" ? "bad" : "plain";
      return { ...line, tone, text: `${event.level}: ${shorten(event.text, MOST_CHARS)}` };
    }
    return this.#ofState(event);
  }

  #ofState({ at, task, action, state, attempt, view }: Extract<WatchEvent, { type: "state" }>): Line {
    if (isFinal(state)) this.#actions.delete(task);
    else this.#actions.set(task, action);
    if (this.#actions.size > MOST_TASKS) this.#actions.delete(this.#actions.keys().next().value!);
    const line = { at, task, action, tone: "plain" } as const;
    const took =
      view?.startedAt === undefined || view.finishedAt === undefined
        ? ""
        : ` in ${tellDuration(view.finishedAt - view.startedAt)}`;
    const error = view?.error ? `: ${view.error.code}: ${shorten(view.error.message, MOST_CHARS)}` : "";
    const place = (view?.error?.details as { at?: unknown } | undefined)?.at;
    const where = typeof place === "string" ? ` (${shorten(place, MOST_CHARS)})` : "";
    switch (state) {
      case "queued":
        return { ...line, text: attempt > 0 ? "waits to run again" : "submitted" };
      case "running":
        return { ...line, text: attempt > 1 ? `started, attempt ${attempt}` : "started" };
      case "done":
        return { ...line, tone: "good", text: `done${took}  ${json(view?.result)}` };
      case "failed":
        return { ...line, tone: "bad", text: `failed${took}${error}${where}` };
      default:
        return { ...line, text: `${state}${error}` };
    }
  }

  ofTrouble(event: TrialEvent): Line {
    const { task, action } = event;
    return { at: this.#now(), task, action, ...sentenceOf(event) };
  }
}

function sentenceOf(event: TrialEvent): Pick<Line, "text" | "tone"> {
  switch (event.type) {
    case "again":
      return { tone: "trouble", text: "runs again" };
    case "lost":
      return { tone: "trouble", text: "ended, and its end is thrown away: it comes again" };
    case "killed":
      return { tone: "trouble", text: `killed in the middle, with its ${event.by}` };
    case "aborted":
      return {
        tone: "trouble",
        text:
          event.afterMs === null
            ? "told to stop in the middle, and went on"
            : `told to stop in the middle, and ended after ${tellDuration(event.afterMs)}`,
      };
    case "finding":
      return { tone: event.isFault ? "bad" : "trouble", text: event.finding.says };
  }
}

function json(value: unknown): string {
  return value === undefined ? "" : shorten(JSON.stringify(value), MOST_CHARS);
}
