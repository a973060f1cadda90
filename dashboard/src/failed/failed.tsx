/** What failed, by why: one look tells whether it is one fault or many. */
import type { Client } from "../../../src/client/browser.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useAct } from "../act.tsx";
import { Instant } from "../instant.tsx";
import { useLive } from "../live.ts";
import { compact } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { grouped, type Group } from "./group.ts";

const MOST = 1000;
const ask = async ({ $ }: Client): Promise<TaskView[]> =>
  (await $.list({ state: "failed", limit: MOST })).tasks;

export function Failed() {
  const words = useWords();
  const { value: tasks, error } = useLive(ask, 5000);
  if (tasks === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  const groups = grouped(tasks);
  return (
    <section>
      <h1>{words.failed}</h1>
      <p className="dim">
        {tasks.length === MOST ? words.newestOnly(compact(MOST)) : words.allFailed(compact(tasks.length))}
      </p>
      {groups.length === 0 && <p className="hint">{words.nothingFailed}</p>}
      <div className="groups">
        {groups.map((group) => (
          <GroupCard key={group.name} group={group} />
        ))}
      </div>
    </section>
  );
}

function GroupCard({ group }: { group: Group }) {
  const words = useWords();
  const act = useAct();
  const { action, code, message, tasks } = group;
  return (
    <article className="card">
      <header>
        <h2>
          {action} <span className="chip chip-failed">{code}</span>
        </h2>
        <strong>{compact(tasks.length)}</strong>
      </header>
      <p className="message">{message}</p>
      <p className="dim">
        {words.latest} <Instant at={tasks[0]!.finishedAt ?? tasks[0]!.createdAt} />
        {" · "}
        {tasks.slice(0, 5).map(({ task }) => (
          <a key={task} href={`#/tasks/${task}`} className="row-id">
            {task.slice(-8)}{" "}
          </a>
        ))}
      </p>
      <button
        type="button"
        onClick={() =>
          act({
            question: words.askRetry(tasks.length),
            name: words.retry,
            run: async ({ $ }) => {
              const done = await Promise.allSettled(tasks.map(({ task }) => $.retry(task)));
              return words.didRetry(done.filter(({ status }) => status === "fulfilled").length, tasks.length);
            },
          })
        }
      >
        {words.retry} ({compact(tasks.length)})
      </button>
    </article>
  );
}
