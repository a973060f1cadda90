/** All tasks: found by what they are, watched as they go, chosen to be cancelled or tried again. */
import { useState } from "react";
import { useRoute } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { Chosen } from "./chosen.tsx";
import { FilterForm } from "./filter-form.tsx";
import { isEmpty, readFilter } from "./filter.ts";
import { Rows } from "./rows.tsx";
import { StateTabs } from "./state-tabs.tsx";
import { useTaskList } from "./use-task-list.ts";
import "../style/tasks.css";

export function Tasks() {
  const words = useWords();
  const { search } = useRoute();
  const filter = readFilter(search);
  const [isLive, setLive] = useState(true);
  const [isAtTop, setAtTop] = useState(true);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const list = useTaskList(filter, isLive, isAtTop);
  const { tasks, isComplete, isLoaded, error } = list;
  const choose = (task: string): void =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(task)) after.add(task);
      return after;
    });
  const chooseAll = (): void =>
    setChosen(chosen.size === 0 ? new Set(tasks.map(({ task }) => task)) : new Set());
  return (
    <section className="tasks">
      <h1>{words.tasks}</h1>
      <StateTabs filter={filter} />
      <FilterForm filter={filter}>
        <button type="button" className="live" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          <span className="dot" aria-hidden="true" /> {isLive ? words.live : words.pausedList}
        </button>
      </FilterForm>
      {chosen.size > 0 && (
        <div className="bar chosen">
          <Chosen list={list} filter={filter} chosen={chosen} onDone={() => setChosen(new Set())} />
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
          key={JSON.stringify(filter)}
          list={list}
          chosen={chosen}
          onChoose={choose}
          onChooseAll={chooseAll}
          onAtTop={setAtTop}
        />
      )}
      {isLoaded && isComplete && tasks.length > 0 && <p className="dim">{words.thatIsAll(tasks.length)}</p>}
    </section>
  );
}
