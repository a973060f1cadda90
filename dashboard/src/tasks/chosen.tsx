/** What may be done with the tasks that were chosen, or with all that match the filter. */
import type { TaskView } from "../../../src/protocol/messages.ts";
import { isFinal } from "../../../src/task/state.ts";
import { useAct, type Act } from "../act.tsx";
import { compact } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { eachMatching, eachOf, type Done, type Verb } from "./each.ts";
import type { Filter } from "./filter.ts";
import type { TaskList } from "./use-task-list.ts";

type ChosenProps = { list: TaskList; filter: Filter; chosen: ReadonlySet<string>; onDone: () => void };

export function Chosen({ list: { tasks, isComplete }, filter, chosen, onDone }: ChosenProps) {
  const words = useWords();
  const act = useAct();
  const these = tasks.filter(({ task }) => chosen.has(task));
  // What is loaded is all chosen, and there is more that is like it.
  const isAll = !isComplete && these.length === tasks.length;
  const button = (verb: Verb, name: string, those: readonly TaskView[]) => (
    <button
      type="button"
      className={verb === "cancel" ? "danger" : undefined}
      disabled={those.length === 0 && !isAll}
      onClick={() => act(acting(verb, name, those))}
    >
      {name} ({isAll ? words.allOfThem : compact(those.length)})
    </button>
  );
  const acting = (verb: Verb, name: string, those: readonly TaskView[]): Act => ({
    question: isAll
      ? words[verb === "cancel" ? "askCancelAll" : "askRetryAll"]
      : words[verb === "cancel" ? "askCancel" : "askRetry"](those.length),
    name,
    isDangerous: verb === "cancel",
    run: async (client, tell) => {
      const did = ({ done, of }: Done): string =>
        words[verb === "cancel" ? "didCancel" : "didRetry"](done, of);
      const onProgress = (done: Done): void => tell(did(done));
      const done = isAll
        ? await eachMatching(client, filter, verb, onProgress)
        : await eachOf(client, those, verb, onProgress);
      onDone();
      return did(done);
    },
  });
  return (
    <>
      <span className="dim">{isAll ? words.chosenAll : words.chosen(chosen.size)}</span>
      {button(
        "retry",
        words.retry,
        these.filter(({ state }) => isFinal(state) && state !== "done"),
      )}
      {button(
        "cancel",
        words.cancelTasks,
        these.filter(({ state }) => !isFinal(state)),
      )}
    </>
  );
}
