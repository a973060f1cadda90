/** The tasks of the list, newest first. Only those on the screen are drawn, however many were loaded. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { Instant } from "../instant.tsx";
import { compact, took } from "../numbers.ts";
import { shortId } from "../short-id.ts";
import { useNarrow } from "../use-narrow.ts";
import { useWords } from "../words/words.tsx";
import { isChosen, isNone, type Choice } from "./choice.ts";
import { leftAt, useListMemory } from "./list-memory.tsx";
import { PAGE, type TaskList } from "./use-task-list.ts";

const ROW_PX = 42;
const NARROW_ROW_PX = 58;
/** So near to the end of what is loaded, more is asked for. */
const SOON = 40;

type RowsProps = {
  list: TaskList;
  /** As text. */
  filter: string;
  choice: Choice;
  onChoose: (task: string) => void;
  onChooseAll: () => void;
  onAtTop: (isAtTop: boolean) => void;
};

export function Rows({ list, filter, choice, onChoose, onChooseAll, onAtTop }: RowsProps) {
  const words = useWords();
  const isNarrow = useNarrow();
  const rowPx = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const { tasks, newer, more } = list;
  const rows = useRef<HTMLDivElement>(null);
  const memory = useListMemory();
  const [left] = useState(() => leftAt(memory, filter));
  const virtual = useVirtualizer({
    count: tasks.length,
    getScrollElement: () => rows.current,
    estimateSize: () => rowPx,
    getItemKey: (at) => tasks[at]!.task,
    overscan: 12,
    initialOffset: left,
  });
  useLayoutEffect(() => {
    rows.current!.scrollTop = left;
  }, [left]);
  useEffect(() => virtual.measure(), [virtual, rowPx]);
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= tasks.length - SOON) more();
  }, [last, tasks.length, more]);
  return (
    <div className="rows-frame" role="table" aria-label={words.tasks} aria-rowcount={-1}>
      <div className="row row-head" role="row">
        <span role="columnheader">
          <input
            type="checkbox"
            checked={!isNone(choice)}
            onChange={onChooseAll}
            aria-label={words.chooseAll}
          />
        </span>
        {[words.state, words.action, "id", words.queue, words.error, words.took, words.created].map(
          (name) => (
            <span role="columnheader" key={name}>
              {name}
            </span>
          ),
        )}
      </div>
      {newer > 0 && (
        <button
          type="button"
          className="newer primary"
          onClick={() => {
            rows.current?.scrollTo({ top: 0 });
            onAtTop(true);
          }}
        >
          ↑ {words.newer(newer < PAGE ? compact(newer) : `${PAGE}+`)}
        </button>
      )}
      <div
        className="rows"
        ref={rows}
        onScroll={({ currentTarget: { scrollTop } }) => {
          if (memory.current?.filter === filter) memory.current.scrollTop = scrollTop;
          onAtTop(scrollTop < rowPx);
        }}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {shown.map(({ index, start, key }) => {
            const task = tasks[index]!;
            return (
              <div
                key={String(key)}
                role="row"
                className={isChosen(choice, task.task) ? "row row-chosen" : "row"}
                style={{ transform: `translateY(${start}px)`, height: rowPx }}
                onKeyDown={(event) => chooseByKey(event, () => onChoose(task.task))}
              >
                <Row
                  task={task}
                  isTicked={isChosen(choice, task.task)}
                  onChoose={() => onChoose(task.task)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function chooseByKey(event: KeyboardEvent, choose: () => void): void {
  if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  choose();
}

type RowProps = { task: TaskView; isTicked: boolean; onChoose: () => void };

function Row({ task, isTicked, onChoose }: RowProps) {
  const words = useWords();
  const { startedAt, finishedAt } = task;
  return (
    <>
      <span role="cell">
        <input
          type="checkbox"
          checked={isTicked}
          onChange={onChoose}
          aria-label={words.choose(shortId(task.task))}
        />
      </span>
      <span role="cell">
        <span className={`chip chip-${task.state}`}>{words.states[task.state]}</span>
      </span>
      <span role="cell" className="row-action">
        <a href={`#/tasks/${task.task}`}>{task.action}</a>
        {task.attempt > 1 && <small> ×{task.attempt}</small>}
      </span>
      <span role="cell" className="row-id task-id" title={task.task}>
        {shortId(task.task)}
      </span>
      <span role="cell" className="row-queue">
        {task.queue}
      </span>
      <span role="cell" className="row-why" title={task.error?.message}>
        {task.error?.message ?? ""}
      </span>
      <span role="cell" className="number row-took">
        {startedAt !== undefined && finishedAt !== undefined ? took(finishedAt - startedAt) : ""}
      </span>
      <span role="cell" className="number">
        <Instant at={task.createdAt} />
      </span>
    </>
  );
}
