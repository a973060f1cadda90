/** What may be done with the tasks that were chosen, or with all that match the filter. */
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useAct, type Act } from "../act.tsx";
import { compact } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { isChosen, type Choice } from "./choice.ts";
import { eachMatching, eachOf, isAble, type Done, type Verb } from "./each.ts";
import type { Filter } from "./filter.ts";

type ChosenProps = { tasks: readonly TaskView[]; filter: Filter; choice: Choice; onDone: () => void };

export function Chosen({ tasks, filter, choice, onDone }: ChosenProps) {
  const words = useWords();
  const act = useAct();
  const isAll = choice === "all";
  const these = tasks.filter(({ task }) => isChosen(choice, task));
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
      <span className="dim">{isAll ? words.chosenAll : words.chosen(these.length)}</span>
      {button(
        "retry",
        words.retry,
        these.filter((task) => isAble(task, "retry")),
      )}
      {button(
        "cancel",
        words.cancelTasks,
        these.filter((task) => isAble(task, "cancel")),
      )}
    </>
  );
}
