/** All tasks: found by what they are, watched as they go, chosen to be cancelled or tried again. */
import { useEffect, useState } from "react";
import { useRoute } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { Chosen } from "./chosen.tsx";
import { FilterForm } from "./filter-form.tsx";
import { isNone, NONE, type Choice } from "./choice.ts";
import { isEmpty, readFilter } from "./filter.ts";
import { leftAt, useListMemory } from "./list-memory.tsx";
import { Rows } from "./rows.tsx";
import { StateTabs } from "./state-tabs.tsx";
import { useTaskList } from "./use-task-list.ts";
import "../style/tasks.css";

export function Tasks() {
  const words = useWords();
  const { search } = useRoute();
  const filter = readFilter(search);
  const [isLive, setLive] = useState(true);
  const name = JSON.stringify(filter);
  const memory = useListMemory();
  const [isAtTop, setAtTop] = useState(() => leftAt(memory, name) === 0);
  const [choice, setChoice] = useState<Choice>(NONE);
  const list = useTaskList(filter, isLive, isAtTop);
  const { tasks, isComplete, isLoaded, error } = list;
  const done = (): void => {
    setChoice(NONE);
    list.again();
  };
  // "All" of one filter must never become all of the next.
  useEffect(() => {
    setChoice(NONE);
    setAtTop(leftAt(memory, name) === 0);
  }, [memory, name]);
  const choose = (task: string): void =>
    setChoice((before) => {
      const after = new Set(before === "all" ? tasks.map((one) => one.task) : before);
      if (!after.delete(task)) after.add(task);
      return after;
    });
  const chooseAll = (): void => setChoice(isNone(choice) ? "all" : NONE);
  return (
    <section className="tasks">
      <h1>{words.tasks}</h1>
      <StateTabs filter={filter} />
      <FilterForm filter={filter}>
        <button type="button" className="live" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          <span className="dot" aria-hidden="true" /> {isLive ? words.live : words.pausedList}
        </button>
      </FilterForm>
      {!isNone(choice) && (
        <div className="bar chosen">
          <Chosen tasks={tasks} filter={filter} choice={choice} onDone={done} />
        </div>
      )}
      {error !== null && <p className="wrong">{error.message}</p>}
      {isLoaded && tasks.length === 0 && !isComplete && <p className="quiet-note">{words.searching} …</p>}
      {isLoaded && isComplete && tasks.length === 0 ? (
        <p className="hint">
          {isEmpty(filter) ? words.noTasksYet : words.noSuchTasks}{" "}
          <a href={isEmpty(filter) ? "#/try" : "#/tasks"}>
            {isEmpty(filter) ? words.tryIt : words.clearFilter}
          </a>
        </p>
      ) : (
        <Rows
          // Of another filter one reads from the top.
          key={name}
          list={list}
          filter={name}
          choice={choice}
          onChoose={choose}
          onChooseAll={chooseAll}
          onAtTop={setAtTop}
        />
      )}
      {isLoaded && isComplete && tasks.length > 0 && <p className="dim">{words.thatIsAll(tasks.length)}</p>}
    </section>
  );
}
