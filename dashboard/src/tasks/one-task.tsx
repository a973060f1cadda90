/** One task: what went in and came out, every attempt, and why it is where it is. */
import { useCallback } from "react";
import type { Client } from "../../../src/client/browser.ts";
import type { Explanation, TaskView } from "../../../src/protocol/messages.ts";
import { isFinal } from "../../../src/task/state.ts";
import { useAct } from "../act.tsx";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { go } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { TimeLine } from "./time-line.tsx";
import { Value } from "./value.tsx";

const EVERY_MS = 1000;

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
  if (value === null)
    return <p className={error ? "wrong" : "quiet-note"}>{error?.message ?? `${words.connecting} …`}</p>;
  const { view, why } = value;
  return (
    <article className="one-task">
      <header>
        <h1>
          {view.action} <span className={`chip chip-${view.state}`}>{words.states[view.state]}</span>
        </h1>
        <Acts view={view} />
      </header>
      <p className="why">{why.text}</p>
      <p className="dim">
        <code>{view.task}</code> · {words.queue} {view.queue} · {view.priority} ·{" "}
        {words.attempt(view.attempt, view.attempts)}
        {view.key !== undefined && ` · ${words.key} ${view.key}`} · <Instant at={view.createdAt} />
      </p>
      <TimeLine view={view} />
      <div className="values">
        <Value title={words.payload} value={view.payload} />
        {view.error !== undefined && (
          <Value
            title={`${words.failedBecause} ${view.error.code}`}
            value={view.error.details ?? view.error.message}
            isBad
          />
        )}
        {"result" in view && <Value title={words.result} value={view.result} />}
        {view.progress !== undefined && <Value title={words.progress} value={view.progress} />}
      </div>
      {view.log !== undefined && view.log.length > 0 && (
        <section>
          <h2>{words.log}</h2>
          <ol className="log">
            {view.log.map((line) => (
              <li key={`${line.at} ${line.text}`}>
                <Instant at={line.at} /> {line.text}
              </li>
            ))}
          </ol>
        </section>
      )}
    </article>
  );
}

function Acts({ view }: { view: TaskView }) {
  const words = useWords();
  const act = useAct();
  const { task, state } = view;
  return (
    <div className="acts">
      {!isFinal(state) && (
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
      {isFinal(state) && state !== "done" && (
        <button
          type="button"
          onClick={() =>
            act({ name: words.retry, run: async ({ $ }) => (await $.retry(task), words.didRetry(1, 1)) })
          }
        >
          {words.retry}
        </button>
      )}
      <button type="button" onClick={() => go(`#/try?from=${task}`)}>
        {words.runAgain}
      </button>
    </div>
  );
}
