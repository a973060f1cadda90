/** All tasks: found by what they are, watched as they go, chosen to be cancelled or tried again. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { isFinal, STATES, type State } from "../../../src/task/state.ts";
import { useAct } from "../act.tsx";
import { Instant } from "../instant.tsx";
import { duration } from "../numbers.ts";
import { go, useRoute } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { filterLink, readFilter, type Filter } from "./filter.ts";
import { useTaskList } from "./use-task-list.ts";

const ROW_PX = 44;

export function Tasks() {
  const words = useWords();
  const { search } = useRoute();
  const filter = readFilter(search);
  const [isLive, setLive] = useState(true);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const list = useTaskList(filter, isLive);
  const rows = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: list.tasks.length,
    getScrollElement: () => rows.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= list.tasks.length - 20) list.more();
  }, [last, list.tasks.length, list.more]);
  const choose = (task: string): void =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(task)) after.add(task);
      return after;
    });
  return (
    <section className="tasks">
      <h1>{words.tasks}</h1>
      <FilterForm filter={filter} />
      <div className="bar">
        <button type="button" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          {isLive ? words.live : words.pausedList}
        </button>
        {chosen.size > 0 && <Chosen tasks={list.tasks} chosen={chosen} onDone={() => setChosen(new Set())} />}
      </div>
      {list.error !== null && <p className="wrong">{list.error.message}</p>}
      {list.isLoaded && list.tasks.length === 0 ? (
        <p className="hint">{words.noSuchTasks}</p>
      ) : (
        <div className="rows" ref={rows} role="table" aria-label={words.tasks} aria-rowcount={-1}>
          <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {shown.map(({ index, start }) => {
              const task = list.tasks[index]!;
              return (
                <div
                  key={task.task}
                  role="row"
                  className="row"
                  style={{ transform: `translateY(${start}px)`, height: ROW_PX }}
                >
                  <Row task={task} isChosen={chosen.has(task.task)} onChoose={() => choose(task.task)} />
                </div>
              );
            })}
          </div>
        </div>
      )}
    </section>
  );
}

function Row({ task, isChosen, onChoose }: { task: TaskView; isChosen: boolean; onChoose: () => void }) {
  const words = useWords();
  const { startedAt, finishedAt } = task;
  return (
    <>
      <span role="cell">
        <input type="checkbox" checked={isChosen} onChange={onChoose} aria-label={words.choose(task.task)} />
      </span>
      <span role="cell" className={`chip chip-${task.state}`}>
        {words.states[task.state]}
      </span>
      <a role="cell" href={`#/tasks/${task.task}`} className="row-action">
        {task.action}
      </a>
      <span role="cell" className="row-id">
        {task.task.slice(-12)}
      </span>
      <span role="cell" className="row-queue">
        {task.queue}
      </span>
      <span role="cell" className="row-why">
        {task.error?.message ?? ""}
      </span>
      <span role="cell" className="number row-took">
        {startedAt !== undefined && finishedAt !== undefined ? duration(finishedAt - startedAt) : ""}
      </span>
      <span role="cell" className="number">
        <Instant at={task.createdAt} />
      </span>
    </>
  );
}

function Chosen(props: { tasks: readonly TaskView[]; chosen: ReadonlySet<string>; onDone: () => void }) {
  const words = useWords();
  const act = useAct();
  const { chosen, onDone } = props;
  const these = props.tasks.filter(({ task }) => chosen.has(task));
  const open = these.filter(({ state }) => !isFinal(state));
  const ended = these.filter(({ state }) => isFinal(state) && state !== "done");
  return (
    <>
      <span className="dim">{words.chosen(chosen.size)}</span>
      <button
        type="button"
        disabled={ended.length === 0}
        onClick={() =>
          act({
            question: words.askRetry(ended.length),
            name: words.retry,
            run: async ({ $ }) => {
              const done = await Promise.allSettled(ended.map(({ task }) => $.retry(task)));
              onDone();
              return words.didRetry(fulfilled(done), ended.length);
            },
          })
        }
      >
        {words.retry} ({ended.length})
      </button>
      <button
        type="button"
        className="danger"
        disabled={open.length === 0}
        onClick={() =>
          act({
            question: words.askCancel(open.length),
            name: words.cancelTasks,
            isDangerous: true,
            run: async ({ $ }) => {
              const done = await Promise.allSettled(open.map(({ task }) => $.cancel(task)));
              onDone();
              return words.didCancel(fulfilled(done), open.length);
            },
          })
        }
      >
        {words.cancelTasks} ({open.length})
      </button>
    </>
  );
}

function fulfilled(done: readonly PromiseSettledResult<unknown>[]): number {
  return done.filter(({ status }) => status === "fulfilled").length;
}

function FilterForm({ filter }: { filter: Filter }) {
  const words = useWords();
  const set = (name: keyof Filter, value: string): void =>
    go(filterLink({ ...filter, [name]: value === "" ? undefined : value }), false);
  return (
    <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        data-search
        placeholder={words.idOrKey}
        aria-label={words.idOrKey}
        value={filter.prefix ?? ""}
        onChange={(event) => set("prefix", event.target.value)}
      />
      <select
        aria-label={words.state}
        value={filter.state ?? ""}
        onChange={(event) => set("state", event.target.value)}
      >
        <option value="">{words.anyState}</option>
        {STATES.map((state: State) => (
          <option key={state} value={state}>
            {words.states[state]}
          </option>
        ))}
      </select>
      <input
        placeholder={words.action}
        aria-label={words.action}
        value={filter.action ?? ""}
        onChange={(event) => set("action", event.target.value)}
      />
      <input
        placeholder={words.queue}
        aria-label={words.queue}
        value={filter.queue ?? ""}
        onChange={(event) => set("queue", event.target.value)}
      />
      <select
        aria-label={words.since}
        value={filter.since ?? ""}
        onChange={(event) => set("since", event.target.value)}
      >
        <option value="">{words.anyTime}</option>
        {(["10m", "1h", "1d", "7d"] as const).map((since) => (
          <option key={since} value={since}>
            {words.sinces[since]}
          </option>
        ))}
      </select>
    </form>
  );
}
