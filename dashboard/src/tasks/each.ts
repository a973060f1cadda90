/** The same thing done to many tasks: some hundred at a time, and told as it goes on. */
import type { Client } from "../../../src/client/browser.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { isFinal } from "../../../src/task/state.ts";
import { toListFilter, type Filter } from "./filter.ts";

export type Verb = "retry" | "cancel";
/** `of` so many it was asked, and granted for `done`; the others were no longer as they should be. */
export type Done = { readonly done: number; readonly of: number };

const AT_ONCE = 200;
const PAGE = 1000;

export async function eachOf(
  { $ }: Client,
  tasks: readonly Pick<TaskView, "task">[],
  verb: Verb,
  tell: (done: Done) => void,
): Promise<Done> {
  let done = 0;
  for (let from = 0; from < tasks.length; from += AT_ONCE) {
    const some = tasks.slice(from, from + AT_ONCE);
    const answers = await Promise.allSettled(some.map(({ task }) => $[verb](task)));
    done += answers.filter(({ status }) => status === "fulfilled").length;
    tell({ done, of: Math.min(tasks.length, from + AT_ONCE) });
  }
  return { done, of: tasks.length };
}

/** @param isMeant besides the filter: which of them. Goes through all pages, from the newest on; what comes meanwhile is not touched. */
export async function eachMatching(
  client: Client,
  filter: Filter,
  verb: Verb,
  tell: (done: Done) => void,
  isMeant: (task: TaskView) => boolean = () => true,
): Promise<Done> {
  let all: Done = { done: 0, of: 0 };
  let cursor: string | null = null;
  do {
    const page: { tasks: TaskView[]; next: string | null } = await client.$.list(
      toListFilter(filter, PAGE, cursor),
    );
    const able = page.tasks.filter((task) => isAble(task, verb) && isMeant(task));
    const before: Done = all;
    const told = await eachOf(client, able, verb, (now) =>
      tell({ done: before.done + now.done, of: before.of + now.of }),
    );
    all = { done: before.done + told.done, of: before.of + told.of };
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

/** As far as its state tells: only the node knows. */
export function isAble({ state }: Pick<TaskView, "state">, verb: Verb): boolean {
  return verb === "cancel" ? !isFinal(state) : isFinal(state) && state !== "done";
}
