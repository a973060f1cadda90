/** One task: what went in and came out, every attempt, and why it is where it is. */
import { useCallback, useEffect, type ReactNode } from "react";
import { TandaError, type Client } from "../../../src/client/browser.ts";
import type { Explanation } from "../../../src/protocol/explanation.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useAct } from "../act.tsx";
import { CopyButton } from "../copy-button.tsx";
import { Waiting } from "../frame/waiting.tsx";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { instantFormat } from "../locale.ts";
import { duration } from "../numbers.ts";
import { go } from "../route.ts";
import { shortId } from "../short-id.ts";
import { useWords } from "../words/words.tsx";
import { isAble } from "./each.ts";
import { TimeLine } from "./time-line.tsx";
import { Value } from "./value.tsx";
import "../style/one-task.css";

const EVERY_MS = 1000;
const instant = (at: number): string => instantFormat({ timeStyle: "medium" }).format(at);

export function OneTask({ task }: { task: string }) {
  const words = useWords();
  const ask = useCallback(
    async ({ $ }: Client): Promise<{ view: TaskView; why: Explanation }> => {
      const [view, why] = await Promise.all([$.get(task), $.explain(task)]);
      return { view, why };
    },
    [task],
  );
  const { value, error } = useLive(ask, EVERY_MS);
  const action = value?.view.action;
  useEffect(() => {
    document.title = `${action ?? shortId(task)} · Tanda`;
  }, [action, task]);
  if (value === null)
    return error instanceof TandaError && error.code === "not_found" ? (
      <Missing task={task} />
    ) : (
      <Waiting error={error} />
    );
  const { view, why } = value;
  return (
    <article className="one-task">
      <p>
        <a href={`#/tasks?action=${encodeURIComponent(view.action)}`}>← {words.tasksOf(view.action)}</a>
      </p>
      <header>
        <h1>
          {view.action} <span className={`chip chip-${view.state}`}>{words.states[view.state]}</span>
        </h1>
        <Acts view={view} />
      </header>
      <p className={view.state === "failed" ? "why why-bad" : "why"}>
        {words.why(why, view, { instant, duration })}
      </p>
      <TimeLine view={view} />
      <Facts view={view} />
      <div className="values">
        <Value title={words.payload} value={view.payload} />
        {view.error !== undefined && view.state !== "done" && (
          <Value title={`${words.failedBecause} ${view.error.code}`} value={view.error.message} isBad />
        )}
        {view.error?.details !== undefined && <Value title={words.details} value={view.error.details} />}
        {"result" in view && <Value title={words.result} value={view.result} />}
        {view.progress !== undefined && <Value title={words.progress} value={view.progress} />}
      </div>
      {view.log !== undefined && view.log.length > 0 && (
        <section className="value">
          <h2>{words.log}</h2>
          <ol className="log">
            {view.log.map((line, at) => (
              // oxlint-disable-next-line no-array-index-key -- lines only come at the end
              <li key={at}>
                <Instant at={line.at} /> {line.text}
              </li>
            ))}
          </ol>
        </section>
      )}
    </article>
  );
}

function Missing({ task }: { task: string }) {
  const words = useWords();
  return (
    <section className="one-task">
      <h1>{words.noSuchTask}</h1>
      <p>
        {words.thereIsNoTask(task)} <a href="#/tasks">{words.tasks}</a>
      </p>
    </section>
  );
}

function Facts({ view }: { view: TaskView }) {
  const words = useWords();
  const { task, queue, priority, attempt, attempts, losses, key, timeoutMs } = view;
  const rows: [string, ReactNode][] = [
    [
      "id",
      <>
        <code>{task}</code> <CopyButton text={task} />
      </>,
    ],
    ...(key === undefined ? [] : [[words.key, <code key="key">{key}</code>] as [string, ReactNode]]),
    [
      words.queue,
      <a key="queue" href={`#/tasks?queue=${encodeURIComponent(queue)}`}>{`${queue}, ${priority}`}</a>,
    ],
    [
      words.attempts,
      `${words.attempt(attempt, attempts)}${losses > 0 ? `, ${words.lostTimes(losses)}` : ""}`,
    ],
    [words.timeout, duration(timeoutMs)],
    ...(["createdAt", "dueAt", "startedAt", "finishedAt", "expiresAt"] as const).flatMap(
      (name): [string, ReactNode][] => {
        const at = view[name];
        return at === undefined ? [] : [[words.instants[name], <Instant key={name} at={at} />]];
      },
    ),
  ];
  return (
    <dl className="task-facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Acts({ view }: { view: TaskView }) {
  const words = useWords();
  const act = useAct();
  const { task } = view;
  return (
    <div className="acts">
      {isAble(view, "cancel") && (
        <button
          type="button"
          className="danger"
          onClick={() =>
            act({
              question: words.askCancel(1),
              name: words.cancelTasks,
              isDangerous: true,
              run: async ({ $ }) => (await $.cancel(task), words.didCancel(1, 1)),
            })
          }
        >
          {words.cancelTasks}
        </button>
      )}
      {isAble(view, "retry") && (
        <button
          type="button"
          onClick={() =>
            act({ name: words.retry, run: async ({ $ }) => (await $.retry(task), words.didRetry(1, 1)) })
          }
        >
          {words.retry}
        </button>
      )}
      <button
        type="button"
        onClick={() => go(`#/try?action=${encodeURIComponent(view.action)}&from=${encodeURIComponent(task)}`)}
      >
        {words.runAgain}
      </button>
    </div>
  );
}
