/** What failed, by why: one look tells whether it is one fault or many. */
import { useState } from "react";
import type { Client } from "../../../src/client/browser.ts";
import type { StatsView, TaskView } from "../../../src/protocol/messages.ts";
import { useAct, type Act } from "../act.tsx";
import { Waiting } from "../frame/waiting.tsx";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { compact, share } from "../numbers.ts";
import { TaskLink } from "../task-id.tsx";
import { eachMatching, type Done } from "../tasks/each.ts";
import type { Filter } from "../tasks/filter.ts";
import type { Words } from "../words/en.ts";
import { useWords } from "../words/words.tsx";
import { failedShare } from "./failed-share.ts";
import { grouped, isOfGroup, type Group } from "./group.ts";
import "../style/failed.css";

/** The groups are made of so many of the newest. */
const MOST = 1000;
const EXAMPLES = 4;

type Told = { tasks: TaskView[]; isAll: boolean; stats: StatsView };
const ask = async ({ $ }: Client): Promise<Told> => {
  const [{ tasks, next }, stats] = await Promise.all([$.list({ state: "failed", limit: MOST }), $.stats()]);
  return { tasks, isAll: next === null, stats };
};

export function Failed() {
  const words = useWords();
  const act = useAct();
  const [action, setAction] = useState("");
  const { value, error } = useLive(ask, 3000);
  if (value === null) return <Waiting error={error} />;
  const { tasks, isAll, stats } = value;
  const kept = stats.states.failed ?? 0;
  const groups = grouped(tasks);
  const actions = [...new Set(groups.map((group) => group.action))].sort((a, b) => a.localeCompare(b));
  const shown = groups.filter((group) => action === "" || group.action === action);
  return (
    <section>
      <h1>{words.failed}</h1>
      <p className="dim failed-summary">
        {words.keptFailed(compact(Math.max(kept, tasks.length)))}{" "}
        {!isAll && words.newestOnly(compact(tasks.length))}{" "}
        {words.failingNow(share(failedShare(stats.perSecond)))}
      </p>
      {tasks.length === 0 ? (
        <p className="hint">{words.nothingFailed}</p>
      ) : (
        <div className="bar">
          <select
            aria-label={words.action}
            value={action}
            onChange={(event) => setAction(event.target.value)}
          >
            <option value="">{words.any(words.action)}</option>
            {actions.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <button
            type="button"
            onClick={() =>
              act({
                question: words.askRedrive(compact(Math.max(kept, tasks.length)), action),
                name: words.retryAll,
                run: retryFailed(words, action === "" ? {} : { action }),
              })
            }
          >
            {words.retryAll}
          </button>
          <a href={`#/tasks?state=failed${action === "" ? "" : `&action=${encodeURIComponent(action)}`}`}>
            {words.asList}
          </a>
        </div>
      )}
      <div className="groups">
        {shown.map((group) => (
          <GroupCard key={group.name} group={group} isAll={isAll} />
        ))}
      </div>
    </section>
  );
}

function GroupCard({ group, isAll }: { group: Group; isAll: boolean }) {
  const words = useWords();
  const act = useAct();
  const { action, code, message, tasks } = group;
  const count = `${compact(tasks.length)}${isAll ? "" : "+"}`;
  return (
    <article className="card group">
      <strong className="group-count">{count}</strong>
      <div>
        <header>
          <h2>
            {action} <span className="chip chip-failed">{code}</span>
          </h2>
        </header>
        <p className="message">{message}</p>
        <p className="dim">
          {words.latest} <Instant at={endOf(tasks[0]!)} />, {words.earliest}{" "}
          <Instant at={endOf(tasks.at(-1)!)} /> · {words.forExample}{" "}
          {tasks.slice(0, EXAMPLES).map(({ task }) => (
            <span key={task}>
              <TaskLink task={task} />{" "}
            </span>
          ))}
        </p>
      </div>
      <button
        type="button"
        onClick={() =>
          act({
            question: words.askRetryGroup(count, action),
            name: words.retry,
            // Those of the group that are older than what was looked at, too.
            run: retryFailed(words, { action }, isOfGroup(group)),
          })
        }
      >
        {words.retry} ({count})
      </button>
    </article>
  );
}

function retryFailed(words: Words, filter: Filter, isMeant?: (task: TaskView) => boolean): Act["run"] {
  const did = ({ done, of }: Done): string => words.didRetry(done, of);
  return async (client, tell) =>
    did(
      await eachMatching(client, { ...filter, state: "failed" }, "retry", (done) => tell(did(done)), isMeant),
    );
}

function endOf({ finishedAt, createdAt }: TaskView): number {
  return finishedAt ?? createdAt;
}
