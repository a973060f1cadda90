import type { TaskView } from "../protocol/messages.ts";
import { visibleLine } from "../protocol/visible.ts";
import { tellDuration } from "../task/duration.ts";
import { attemptOf, instant, stateWord } from "./phrases.ts";
import { showFacts } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const LONGEST = 2000;

/** A task for a person, down to its log. */
export function showTask(view: TaskView, terminal: Terminal): void {
  const { startedAt, finishedAt } = view;
  const hasRun = startedAt !== undefined && finishedAt !== undefined;
  showFacts(terminal, [
    ["task", view.task],
    ["action", view.action],
    ["state", stateWord(view.state, terminal)],
    ["queue", view.priority === "normal" ? view.queue : `${view.queue}, ${view.priority} priority`],
    ["key", view.key],
    ["attempt", view.attempt === 0 ? undefined : attemptOf(view, " of ")],
    ["losses", view.losses === 0 ? undefined : view.losses],
    ["created", instant(view.createdAt)],
    ["due", instant(view.dueAt)],
    ["expires", instant(view.expiresAt)],
    ["started", instant(startedAt)],
    ["finished", instant(finishedAt)],
    ["took", hasRun ? tellDuration(finishedAt - startedAt) : undefined],
    ["progress", shortJson(view.progress)],
    ["payload", shortJson(view.payload)],
    ["result", shortJson(view.result)],
    ["error", view.error && `${view.error.code}: ${view.error.message}`],
    ["hint", view.error?.hint],
  ]);
  for (const one of view.history ?? []) {
    terminal.say(
      `${terminal.style("dim", instant(one.endedAt)!)}  attempt ${one.attempt}: ${one.code}: ${visibleLine(one.message)}`,
    );
  }
  for (const line of view.log ?? []) {
    terminal.say(`${terminal.style("dim", `${instant(line.at)}  ${line.level}`)}  ${visibleLine(line.text)}`);
  }
}

function shortJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … (${text.length} characters)` : text;
}
